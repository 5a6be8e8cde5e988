// SPDX-License-Identifier: Apache-2.0
import Manifests

/// What an agent says of the image that it runs, in each poll: by it the coordinator sees whether an upgrade has arrived.
package struct ImageStanding: Sendable, Hashable {
    /// The image as the agent's own pod names it; empty where it runs in no pod, or may not look at its own.
    package var running: String
    /// The image that the coordinator asked for last and the agent has taken note of; empty where there was none.
    package var taken: String
    /// Why the agent does not move to `taken`; empty where it does.
    package var refusal: String

    package init(running: String = "", taken: String = "", refusal: String = "") {
        self.running = running
        self.taken = taken
        self.refusal = refusal
    }

    var json: Value { .map(["running": .string(running), "taken": .string(taken), "refusal": .string(refusal)]) }

    init(json value: Value, at path: String) throws(ShapeError) {
        let fields = try Fields(value, at: path)
        running = String(try fields.optionalString("running")?.prefix(AgentImage.bytesMax) ?? "")
        taken = String(try fields.optionalString("taken")?.prefix(AgentImage.bytesMax) ?? "")
        refusal = String(try fields.optionalString("refusal")?.prefix(Report.textMax) ?? "")
    }
}
