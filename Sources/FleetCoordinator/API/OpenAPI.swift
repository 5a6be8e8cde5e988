// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Manifests

/// The description of the API, made from the routes themselves (OpenAPI 3.1).
enum OpenAPI {
    /// Routes for programs; pages and forms are not among them.
    static func document(_ table: RouteTable, version: String) -> Value {
        var paths: Map = [:]
        for route in table.routes where isDescribed(route) {
            paths.update(route.path) { item in
                if item.isNull { item = .map([:]) }
                item[route.method.rawValue.lowercased()] = operation(route)
            }
        }
        return .map([
            "openapi": "3.1.0",
            "info": .map([
                "title": "Flotilla", "version": .string(version),
                "description": "Lists are paged by key: 'next' of one page is 'after' of the next. Times are RFC 3339.",
            ]),
            "paths": .map(paths),
            "components": .map([
                "securitySchemes": .map([
                    "administrator": .map(["type": "http", "scheme": "bearer", "description": "The administrator's token."]),
                    "token": .map(["type": "http", "scheme": "bearer", "description": "An API token, flotilla_pat_…"]),
                    "session": .map(["type": "apiKey", "in": "cookie", "name": .string(SessionCookie.plainName)]),
                ]),
                "schemas": .map(schemas),
            ]),
        ])
    }

    private static func isDescribed(_ route: Route) -> Bool {
        !route.access.isPage && !["/assets/{asset}", "/sign-out"].contains(route.path)
            && !["/account", "/sign-in"].contains(where: { route.path.hasPrefix($0) })
    }

    private static func operation(_ route: Route) -> Value {
        var map: Map = ["summary": .string(route.summary), "operationId": .string(identifier(route))]
        let inPath = route.parameters.map { name in
            Value.map(["name": .string(name), "in": "path", "required": true, "schema": .map(["type": "string"])])
        }
        let inQuery = route.query.map { input in
            Value.map([
                "name": .string(input.name), "in": "query", "required": .bool(input.isRequired), "description": .string(input.about),
                "schema": .map(["type": .string(input.kind.rawValue)]),
            ])
        }
        if !(inPath + inQuery).isEmpty { map["parameters"] = .list(inPath + inQuery) }
        if !route.members.isEmpty {
            var schema: Map = [
                "type": "object",
                "properties": .map(
                    Map(
                        route.members.map {
                            ($0.name, .map(["type": .string($0.kind.rawValue), "description": .string($0.about)]))
                        })),
            ]
            let required = route.members.filter(\.isRequired).map(\.name)
            if !required.isEmpty { schema["required"] = .texts(required) }
            map["requestBody"] = .map(["content": .map(["application/json": .map(["schema": .map(schema)])])])
        }
        let makes: [Route.Answer] = [.object("Command"), .object("OpenedEnrollment")]
        let success = route.path == "/webhooks/git" ? "202" : makes.contains(route.answer) && route.method == .post ? "201" : "200"
        map["responses"] = .map([
            success: response(route), "default": .map(["description": "What went wrong", "content": content(reference("Error"))]),
        ])
        map["security"] =
            switch route.access {
            // Agents have a listener of their own, which is not described here.
            case .open, .agent, .enrolment: .list([])
            case .signedIn, .needs, .page:
                .list([.map(["token": .list([])]), .map(["administrator": .list([])]), .map(["session": .list([])])])
            case .monitoring: .list([.map(["administrator": .list([])]), .map([:])])
            }
        return .map(map)
    }

    /// `getApiV1StagesPipelineEnvironment`: unique, as method and path are.
    private static func identifier(_ route: Route) -> String {
        let words = route.path.split { !$0.isLetter && !$0.isNumber }.map { $0.prefix(1).uppercased() + $0.dropFirst() }
        return route.method.rawValue.lowercased() + words.joined()
    }

    private static func response(_ route: Route) -> Value {
        var map: Map = ["description": .string(route.summary)]
        switch route.answer {
        case .object(let name): map["content"] = content(reference(name))
        case .list(let name):
            map["content"] = content(
                .map([
                    "type": "object", "required": ["items", "next"],
                    "properties": .map([
                        "items": .map(["type": "array", "items": reference(name)]),
                        "next": .map(["type": ["string", "null"], "description": "The key after which the next page begins."]),
                    ]),
                ]))
        case .text(let type): map["content"] = .map([type: .map(["schema": .map(["type": "string"])])])
        case .nothing: break
        }
        return .map(map)
    }

    private static func content(_ schema: Value) -> Value { .map(["application/json": .map(["schema": schema])]) }
    private static func reference(_ name: String) -> Value { .map(["$ref": .string("#/components/schemas/\(name)")]) }

    /// What the answers' members are, where the name alone does not say it.
    private static let schemas: Map = {
        func object(_ about: String, _ members: [(String, Value)] = []) -> Value {
            .map(["type": "object", "description": .string(about), "properties": .map(Map(members))])
        }
        let text: Value = .map(["type": "string"])
        let maybe: Value = .map(["type": ["string", "null"]])
        let number: Value = .map(["type": "integer"])
        let flag: Value = .map(["type": "boolean"])
        let texts: Value = .map(["type": "array", "items": text])
        return [
            "Error": object("What went wrong.", [("error", object("", [("code", text), ("message", text), ("hint", text)]))]),
            "Status": object(
                "The fleet at a glance.",
                [
                    ("version", text), ("ready", flag), ("trunk", object("The newest fleet commit.")), ("inForce", object("")),
                    ("stages", .map(["type": "array", "items": reference("Stage")])), ("clusters", object("")),
                    ("applications", object("")), ("lastEvent", number),
                ]),
            "Pipeline": object(
                "A pipeline.",
                [
                    ("name", text), ("stages", .map(["type": "array", "items": reference("Stage")])),
                    ("latestRelease", reference("Release")),
                ]),
            "Environment": object(
                "An environment.", [("name", text), ("clusters", number), ("online", number), ("pipelines", texts)]),
            "Stage": object(
                "One environment in one pipeline.",
                [
                    ("pipeline", text), ("environment", text), ("position", number), ("after", texts),
                    ("running", object("What it runs.")), ("promotion", object("What is on its way.")), ("queued", object("")),
                    ("hold", object("")), ("paused", object("")), ("clusters", object("")),
                    ("state", .map(["type": "string", "enum": .texts(StageReading.Word.allCases.map(\.rawValue))])),
                ]),
            "HistoryEntry": object(
                "A promotion.",
                [
                    ("promotion", text), ("release", text), ("subject", text), ("author", text), ("origin", text), ("state", text),
                    ("reason", text), ("commit", maybe), ("createdAt", text), ("recordedAt", maybe), ("finishedAt", maybe),
                ]),
            "Release": object(
                "A planned release.",
                [
                    ("pipeline", text), ("sequence", number), ("release", text), ("fleet", text), ("subject", text), ("author", text),
                    ("committedAt", text), ("error", text), ("renders", number), ("stages", object("Its state by environment.")),
                ]),
            "Cluster": object(
                "A cluster.",
                [
                    ("name", text), ("environment", maybe), ("labels", object("")), ("paused", flag), ("declared", flag),
                    ("online", flag), ("lastContact", maybe), ("agentVersion", text), ("kubernetesVersion", text),
                    ("applications", object("")),
                ]),
            "ClusterDetail": object(
                "A cluster and what runs there.",
                [("name", text), ("applicationStates", .map(["type": "array", "items": reference("ApplicationState")]))]),
            "Application": object(
                "An application over all clusters.",
                [
                    ("name", text), ("pipeline", maybe), ("clusters", number), ("current", number), ("progressing", number),
                    ("failed", number), ("dependsOn", texts),
                ]),
            "ApplicationDetail": object("An application and its clusters.", [("name", text), ("states", object(""))]),
            "ApplicationState": object(
                "An application on one cluster.",
                [
                    ("application", text), ("cluster", text), ("pipeline", text), ("environment", text), ("release", text),
                    ("commit", text), ("generation", text), ("bundle", text), ("observedGeneration", maybe), ("phase", text),
                    ("health", text), ("message", text), ("object", text), ("objectsTotal", number), ("objectsCurrent", number),
                    ("since", maybe), ("reportedAt", maybe), ("intent", text), ("upToDate", flag),
                    ("state", .map(["type": "string", "enum": ["current", "progressing", "failed"]])),
                ]),
            "Explanation": object(
                "Why something is as it is.", [("verdict", text), ("lines", texts), ("state", object("")), ("stage", object(""))]),
            "Event": object(
                "Something that happened.",
                [
                    ("id", number), ("at", text), ("kind", text), ("severity", text), ("pipeline", maybe), ("environment", maybe),
                    ("cluster", maybe), ("application", maybe), ("promotion", maybe), ("release", maybe), ("actor", maybe),
                    ("object", maybe), ("message", text), ("paths", texts), ("durationMilliseconds", .map(["type": ["integer", "null"]])),
                ]),
            "AuditEntry": object(
                "Who did what.",
                [
                    ("sequence", number), ("at", text), ("actor", text), ("means", text), ("address", maybe), ("action", text),
                    ("target", text), ("outcome", .map(["type": "string", "enum": .texts(AuditEntry.Outcome.allCases.map(\.rawValue))])),
                    ("reason", text), ("commit", maybe), ("before", object("The state before, without secrets.")),
                    ("after", object("The state after, without secrets.")), ("hash", text),
                ]),
            "AuditVerification": object(
                "How far the audit trail is intact, and which of its heads in Git it agrees with.",
                [
                    ("intact", flag), ("from", number), ("through", number), ("entries", number), ("hash", text), ("sealsChecked", flag),
                    ("broken", object("The first entry that is not intact; null where all are.")), ("anchor", object("")),
                    ("journals", object("Heads in Git that agree, that contradict, and that cannot be compared.")), ("at", text),
                ]),
            "AuditPruning": object("What was removed.", [("through", number), ("entries", number)]),
            "OpenedEnrollment": object(
                "A one-time token, and what an agent needs besides it. The token is shown here only.",
                [
                    ("id", text), ("cluster", text), ("token", text), ("expires", text), ("requiresApproval", flag), ("agentUrl", maybe),
                    ("authorities", text), ("agentImage", maybe), ("credentialEpoch", number),
                ]),
            "Enrollment": object(
                "A one-time token and what became of it.",
                [
                    ("id", text), ("cluster", text),
                    ("state", .map(["type": "string", "enum": .texts(EnrollmentReading.State.allCases.map(\.rawValue))])),
                    ("requiresApproval", flag), ("createdAt", text), ("createdBy", text), ("reason", text), ("expires", text),
                    ("fingerprint", maybe), ("instance", maybe), ("address", maybe), ("requestedAt", maybe), ("approvedBy", maybe),
                    ("certificateExpires", maybe),
                ]),
            "Revocation": object("What was revoked.", [("cluster", text), ("certificates", number)]),
            "ClusterRelease": object("What is no longer managed.", [("cluster", text), ("applications", texts)]),
            "ClusterRemoval": object("What was forgotten.", [("cluster", text)]),
            "Authority": object(
                "An authority that signs agents' certificates.",
                [
                    ("fingerprint", text), ("name", text), ("issues", flag), ("notBefore", text), ("notAfter", text),
                    ("certificates", number), ("lastEnds", maybe),
                ]),
            "Command": object(
                "Something that a cluster's agent was asked to do once.",
                [
                    ("id", text), ("cluster", text), ("kind", text), ("title", text), ("application", maybe), ("parameters", object("")),
                    ("state", .map(["type": "string", "enum": .texts(CommandReading.State.allCases.map(\.rawValue))])), ("askedBy", text),
                    ("askedAt", text), ("reason", text), ("expiresAt", text), ("deliveredAt", maybe), ("startedAt", maybe),
                    ("finishedAt", maybe), ("message", text), ("output", object("What came of it, by its kind; null until then.")),
                ]),
            "DriftPause": object(
                "An application that is not healed on one cluster for a while.",
                [
                    ("cluster", text), ("application", text), ("until", text), ("reason", text), ("by", text), ("at", text),
                    ("heldAt", maybe),
                ]),
            "AccessPolicy": object(
                "Who has a role, and where.",
                [
                    ("name", text), ("role", text), ("permissions", texts), ("users", texts), ("groups", texts),
                    ("pipelines", .map(["type": ["array", "null"], "items": text, "description": "Null is every pipeline."])),
                    ("environments", .map(["type": ["array", "null"], "items": text, "description": "Null is every environment."])),
                    ("declared", text),
                ]),
            "AccessCheck": object(
                "Whether somebody may do something, and by which policies.",
                [
                    ("user", text), ("groups", texts), ("permission", text), ("place", text), ("allowed", flag), ("roles", texts),
                    ("policies", .map(["type": "array", "items": reference("AccessPolicy")])), ("commit", maybe),
                ]),
            "AgentUpgrade": object(
                "The move of an environment's agents to another image.",
                [
                    ("id", text), ("environment", text), ("image", text), ("startedBy", text), ("startedAt", text), ("message", text),
                    ("state", .map(["type": "string", "enum": ["rolling", "stopped", "finished", "aborted"]])),
                    (
                        "waves",
                        .map([
                            "type": "array",
                            "items": object(
                                "", [("name", text), ("clusters", .map(["type": "array", "items": object("A cluster and its state.")]))]),
                        ])
                    ),
                ]),
            "Identity": object(
                "Who calls, and by what.",
                [
                    ("account", text), ("displayName", text), ("email", maybe), ("groups", texts), ("origin", text), ("means", text),
                    ("expiresAt", maybe), ("permissions", .map(["type": ["array", "null"], "items": text])),
                    ("pipelines", .map(["type": ["array", "null"], "items": text])),
                    ("environments", .map(["type": ["array", "null"], "items": text])),
                ]),
            "SignedIn": object(
                "Who has signed in.", [("account", text), ("csrf", .map(["type": "string", "description": "What a change must carry."]))]),
            "Session": object(
                "A browser's session.",
                [
                    ("id", text), ("account", text), ("origin", text), ("means", text), ("createdAt", text), ("lastSeenAt", text),
                    ("expiresAt", text), ("address", maybe), ("userAgent", text), ("current", flag),
                ]),
            "Token": object(
                "An API token, without the token itself.",
                [
                    ("id", text), ("name", text), ("account", text), ("origin", text), ("role", maybe), ("createdAt", text),
                    ("expiresAt", text), ("lastUsedAt", maybe), ("lastUsedFrom", maybe),
                    ("pipelines", .map(["type": ["array", "null"], "items": text])),
                    ("environments", .map(["type": ["array", "null"], "items": text])),
                ]),
            "NewToken": object(
                "An API token as it was made.", [("id", text), ("name", text), ("token", text), ("expiresAt", text)]),
            "Provider": object(
                "An identity provider that accounts may sign in with.", [("name", text), ("displayName", text)]),
            "DeviceSignIn": object(
                "A sign-in that somebody confirms in a browser elsewhere.",
                [
                    ("handle", text), ("userCode", text), ("verificationURL", text), ("completeVerificationURL", maybe),
                    ("expiresAt", text), ("intervalSeconds", number),
                ]),
            "DeviceState": object(
                "How far such a sign-in has come; once it is granted, the token and what it is.",
                [
                    ("state", .map(["type": "string", "enum": ["pending", "slowDown", "granted"]])), ("token", text), ("account", text),
                    ("displayName", text), ("groups", texts), ("expiresAt", text),
                ]),
            "Account": object(
                "A local account.",
                [
                    ("name", text), ("displayName", text), ("email", maybe), ("groups", texts), ("disabled", flag), ("createdAt", text),
                    ("passwordChangedAt", text),
                ]),
            "NewAccount": object(
                "A local account, and the password that was made up for it.", [("name", text), ("groups", texts), ("password", maybe)]),
        ]
    }()
}
