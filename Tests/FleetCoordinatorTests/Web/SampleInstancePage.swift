// SPDX-License-Identifier: Apache-2.0

@testable import FleetCoordinator

extension SamplePages {
    static let commands = [
        CommandRow(
            key: "command-1.3", time: "2026-11-21T12:04:31Z", when: "12 s ago", title: "dry run",
            place: [Link(label: "web", address: "/clusters/prod-eu-1/applications/web")], status: Badge(.current, "Done"),
            message: "1 create, 1 change, 5 unchanged", who: "anna"),
        CommandRow(
            key: "command-1.2", time: "2026-11-21T12:02:00Z", when: "3 min ago", title: "logs of deployment/web in shop", place: [],
            status: Badge(.failed, "Failed"), message: "deployment/web has no pods now", who: "anna"),
    ]

    static var instance: InstancePage {
        var pause = ActionForm(
            key: "pause-healing", label: "Pause healing",
            address: "/actions/clusters/prod-eu-1/applications/web/pause-healing",
            effect: ["For an hour, changes that somebody makes to web on prod-eu-1 stay; they are reported."],
            confirm: "Pause healing for an hour", fields: [ActionForm.Field(name: "seconds", value: "3600")])
        pause.needsReason = true
        return InstancePage(
            page: frame("web on prod-eu-1", "/clusters"), name: "web", cluster: Link(label: "prod-eu-1", address: "/clusters/prod-eu-1"),
            application: Link(label: "web", address: "/applications/web"), status: Badge(.current, "Current"),
            explanation: "Healing is paused until 2026-11-21T13:00:00Z by anna: scaled by hand, incident 42.",
            actions: [
                ActionForm(
                    key: "sync", label: "Sync now", address: "/actions/clusters/prod-eu-1/applications/web/sync",
                    effect: ["prod-eu-1's agent applies every object of web again."], confirm: "Sync web now"),
                ActionForm(
                    key: "dry-run", label: "Dry run", address: "/actions/clusters/prod-eu-1/applications/web/dry-run",
                    effect: ["What would change is shown here."], confirm: "Try it"), pause,
            ],
            facts: [
                Fact(label: "Pipeline", value: "shop", links: ["/pipelines/shop"]), Fact(label: "Environment", value: "production"),
                Fact(label: "Runs", value: "3f2c1ab", isCode: true), Fact(label: "Objects", value: "7 of 7 Current"),
            ],
            trials: [
                InstancePage.Trial(
                    when: "12 s ago", remark: "dry run: 1 create, 1 change, 5 unchanged",
                    rows: [
                        TrialRow(
                            key: "trial-0", status: Badge(.progress, "Change"), label: "apps/Deployment shop/web", message: "",
                            changes: [
                                TrialRow.Change(path: "/spec/replicas", before: "9", after: "6"),
                                TrialRow.Change(
                                    path: "/spec/template/spec/containers/0/image", before: "registry.example/web:1",
                                    after: "registry.example/web:2"),
                            ]),
                        TrialRow(
                            key: "trial-1", status: Badge(.current, "Create"), label: "ConfigMap shop/settings", message: "", changes: []),
                    ])
            ], commands: commands, events: events, eventsAddress: "/events?cluster=prod-eu-1&application=web")
    }
}
