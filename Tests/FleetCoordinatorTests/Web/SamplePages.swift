// SPDX-License-Identifier: Apache-2.0
@testable import FleetCoordinator

/// A small fleet as the pages show it.
enum SamplePages {
    static func frame(_ title: String, _ here: String) -> PageFrame {
        PageFrame(
            title: title, isSignedIn: true, navigation: PageFrame.navigation(here: here), user: "administrator", csrf: "csrf-token",
            liveAddress: "/api/v1/events/stream", version: "0.1.0")
    }

    static let events = [
        EventRow(
            key: "e3", time: "2026-11-21T12:04:31Z", when: "12:04:31", badges: [Badge(.current, "Healed")],
            text: "Drift healed: Deployment web, written by kubectl-scale", codes: ["/spec/replicas 9 → 6"],
            place: [Link(label: "prod-eu-1", address: "/clusters/prod-eu-1")], who: "agent, 31 ms"),
        EventRow(
            key: "e2", time: "2026-11-21T12:03:02Z", when: "12:03:02", badges: [Badge(.progress, "Wave")],
            text: "Promoted 3f2c1ab, wave europe", place: [Link(label: "shop / production", address: "/pipelines/shop")],
            who: "policy: automatic"),
        EventRow(
            key: "e1", time: "2026-11-21T11:58:40Z", when: "11:58:40", badges: [Badge(.failed, "Rolled back")],
            text: "Rolled back to 77d0c2e: Deployment api never became ready",
            place: [Link(label: "payments / staging", address: "/pipelines/payments")],
            who: "anna"),
    ]

    static func bar(_ current: Int, _ progress: Int, _ failed: Int, of total: Int) -> [ProgressBar] {
        [
            ProgressBar(
                [(.current, current), (.progress, progress), (.failed, failed)], of: total,
                summary: "\(current) of \(total) clusters current, \(progress) in progress, \(failed) failed")
        ]
    }

    static let cards = [
        StageCard(
            key: "shop-staging", environment: "staging", address: "/pipelines/shop#stage-staging", status: Badge(.current, "Verified"),
            commit: "3f2c1ab", subject: "Raise checkout time-out", bar: bar(2, 0, 0, of: 2),
            remark: "2 of 2 clusters · soaked 5 min", follows: false),
        StageCard(
            key: "shop-canary", environment: "canary", address: "/pipelines/shop#stage-canary", status: Badge(.progress, "Rolling out"),
            commit: "3f2c1ab", subject: "Raise checkout time-out", bar: bar(12, 6, 0, of: 24),
            remark: "wave 2 of 3 · 12 of 24 clusters · soak ends in 6 min", follows: true),
        StageCard(
            key: "shop-production", environment: "production", address: "/pipelines/shop#stage-production",
            status: Badge(.waiting, "Waiting"),
            commit: "9a0be41", subject: "Move the cart to its own service", nextCommit: "3f2c1ab", bar: bar(47, 0, 1, of: 48),
            remark: "needs canary, then an approval", follows: true),
    ]

    static var fleet: FleetPage {
        var page = frame("Fleet", "/")
        page.notices = [PageFrame.Notice(kind: "current", text: "Approved 3f2c1ab for production.")]
        func tiles(_ count: Int, failed: Int = 0, offline: Int = 0, progress: Int = 0) -> [FleetPage.Tile] {
            (0..<count).map { index in
                let state: Badge.Kind =
                    index < failed
                    ? .failed : index < failed + offline ? .offline : index < failed + offline + progress ? .progress : .current
                return FleetPage.Tile(state, title: "cluster-\(index)", address: "/clusters/cluster-\(index)")
            }
        }
        return FleetPage(
            page: page,
            trunk: FleetPage.Trunk(repository: "fleet", commit: "3f2c1ab", subject: "Raise checkout time-out", age: "2 min ago"),
            summary: [
                FleetPage.Summary(label: "Clusters", value: "312", detail: "309 in contact", address: "/clusters"),
                FleetPage.Summary(label: "Applications in place", value: "4,871", detail: "of 4,880", address: "/applications"),
                FleetPage.Summary(label: "Rolling out", value: "2", detail: "about 14 min left", address: "/pipelines"),
                FleetPage.Summary(label: "Waiting for you", value: "1", detail: "approval", address: "/pipelines", needsAction: true),
                FleetPage.Summary(label: "Failed", value: "1", detail: "application", address: "/applications?state=failed", isBad: true),
                FleetPage.Summary(label: "Drift healed, 24 h", value: "17", detail: "median 38 ms", address: "/events?kind=drift"),
            ],
            attention: [
                FleetPage.Attention(
                    key: "a1", status: Badge(.failed, "Failed"), title: "payments on prod-us-3",
                    text: "Deployment api, ImagePullBackOff:", codes: ["registry.example/api:2.9"], since: "4 min",
                    address: "/applications/payments", action: "Why"),
                FleetPage.Attention(
                    key: "a2", status: Badge(.waiting, "Approval"), title: "shop 3f2c1ab to production",
                    text: "verified in staging 12 min ago", since: "12 min", address: "/pipelines/shop", action: "Review", isPrimary: true),
                FleetPage.Attention(
                    key: "a3", status: Badge(.offline, "Offline"), title: "edge-oslo, edge-riga, edge-faro",
                    text: "last contact 26 min ago; skipped by rollouts, will catch up", since: "26 min",
                    address: "/clusters?state=offline",
                    action: "Details"),
            ],
            pipelinesRemark: "1 of 2 pipelines moving",
            pipelines: [
                FleetPage.Pipeline(name: "shop", address: "/pipelines/shop", remark: "main · 3 applications", stages: cards),
                FleetPage.Pipeline(
                    name: "platform", address: "/pipelines/platform", remark: "main · 1 application",
                    stages: [
                        StageCard(
                            key: "p-s", environment: "staging", address: "/pipelines/platform", status: Badge(.failed, "Held"),
                            commit: "77d0c2e",
                            subject: "Ingress 1.12", bar: bar(1, 0, 1, of: 2), remark: "1 of 2 clusters failed · held", follows: false),
                        StageCard(
                            key: "p-p", environment: "production", address: "/pipelines/platform", status: Badge(.current, "Verified"),
                            commit: "1c0ffee", subject: "Ingress 1.11", bar: bar(4, 0, 0, of: 4), remark: "4 of 4 clusters", follows: true),
                    ]),
            ],
            legend: [
                Badge(.current, "Current"), Badge(.progress, "In progress"), Badge(.waiting, "Waiting"), Badge(.failed, "Failed"),
                Badge(.offline, "Offline"),
            ],
            groups: [
                FleetPage.Group(
                    key: "g1", label: "production", detail: "eu-west · 48", address: "/clusters?environment=production",
                    tiles: tiles(48, progress: 3)),
                FleetPage.Group(
                    key: "g2", label: "production", detail: "us-east · 64", address: "/clusters?environment=production",
                    tiles: tiles(64, failed: 1, progress: 6)),
                FleetPage.Group(
                    key: "g3", label: "edge", detail: "200 stores", address: "/clusters?environment=edge", tiles: tiles(200, offline: 3)),
            ], events: events)
    }

    static var pipeline: PipelinePage {
        PipelinePage(
            page: frame("shop", "/pipelines"), name: "shop", status: Badge(.progress, "Moving"), source: "fleet · main",
            head: PipelinePage.Head(commit: "3f2c1ab", subject: "Raise checkout time-out", author: "anna", age: "14 min ago"),
            actions: [
                ActionForm(
                    key: "pause", label: "Pause", address: "/pipelines/shop/pause",
                    effect: [
                        "Running waves stop after the clusters that have begun.", "Nothing is promoted until somebody resumes.",
                        "Healing goes on.",
                    ],
                    confirm: "Pause shop")
            ], cards: cards,
            stages: [
                PipelinePage.Stage(
                    environment: "staging", status: Badge(.current, "Verified"), headline: "Runs 3f2c1ab since 14 min.", reasons: [],
                    gates: [PipelinePage.Line(label: "soak", detail: "5 min without a failure", status: Badge(.current, "Passed"))],
                    waves: [
                        PipelinePage.Line(
                            label: "all", detail: "2 of 2 clusters", status: Badge(.current, "Current"), bar: bar(2, 0, 0, of: 2))
                    ], actions: []),
                PipelinePage.Stage(
                    environment: "canary", status: Badge(.progress, "Rolling out"), headline: "Rolls out 3f2c1ab, wave 2 of 3.",
                    reasons: [],
                    gates: [],
                    waves: [
                        PipelinePage.Line(
                            label: "first", detail: "6 of 6 clusters", status: Badge(.current, "Current"), bar: bar(6, 0, 0, of: 6)),
                        PipelinePage.Line(
                            label: "second", detail: "6 of 12 · at most 6 unavailable", status: Badge(.progress, "Syncing"),
                            bar: bar(6, 6, 0, of: 12)),
                        PipelinePage.Line(
                            label: "rest", detail: "0 of 6 · then soaks 10 min", status: Badge(.offline, "Later"), bar: bar(0, 0, 0, of: 6)),
                    ], actions: []),
                PipelinePage.Stage(
                    environment: "production", status: Badge(.waiting, "Waiting"), headline: "Runs 9a0be41 since 3 days; 3f2c1ab is next.",
                    reasons: ["canary has not verified 3f2c1ab", "1 approval is missing"],
                    gates: [PipelinePage.Line(label: "approval", detail: "0 of 1", status: Badge(.waiting, "Missing"))], waves: [],
                    actions: [
                        ActionForm(
                            key: "approve-production", label: "Approve", address: "/pipelines/shop/stages/production/approve",
                            effect: [
                                "3f2c1ab may roll out to production once canary has verified it.",
                                "48 clusters in 3 waves; 12 objects change.",
                                "The approval is kept in the record, with your name.",
                            ], confirm: "Approve 3f2c1ab", fields: [ActionForm.Field(name: "release", value: "3f2c1ab")], isPrimary: true),
                        ActionForm(
                            key: "rollback-production", label: "Roll back", address: "/pipelines/shop/stages/production/rollback",
                            effect: [
                                "production goes back to 77d0c2e, without gates, wave by wave.",
                                "The stage is held until somebody resumes.",
                            ],
                            confirm: "Roll back to 77d0c2e", needsReason: true, isDangerous: true),
                    ]),
            ],
            applications: [
                Link(label: "api", address: "/applications/api"), Link(label: "ingress", address: "/applications/ingress"),
                Link(label: "web", address: "/applications/web"),
            ],
            history: [
                PipelinePage.Record(
                    key: "h2", time: "2026-11-21T11:50:00Z", when: "14 min ago", environment: "staging", commit: "3f2c1ab",
                    subject: "Raise checkout time-out", status: Badge(.current, "Verified"), detail: "soak 5m", who: "automatic"),
                PipelinePage.Record(
                    key: "h1", time: "2026-11-18T09:00:00Z", when: "3 days ago", environment: "production", commit: "9a0be41",
                    subject: "Move the cart to its own service", status: Badge(.current, "Verified"), detail: "approved by anna",
                    who: "anna"),
            ])
    }

    static var cluster: ClusterPage {
        ClusterPage(
            page: frame("prod-us-3", "/clusters"), name: "prod-us-3", status: Badge(.failed, "Failed"),
            explanation: "payments is not healthy since 4 min: the rollout of 77d0c2e stopped here.",
            actions: [
                ActionForm(
                    key: "pause", label: "Pause", address: "/clusters/prod-us-3/pause",
                    effect: ["Nothing new is sent to prod-us-3, and its drift is left alone."], confirm: "Pause prod-us-3")
            ],
            facts: [
                Fact(label: "Environment", value: "production", links: ["/clusters?environment=production"]),
                Fact(label: "Kubernetes", value: "v1.36.0"), Fact(label: "Agent", value: "0.1.0, up 3 days"),
                Fact(label: "Last contact", value: "2 s ago"), Fact(label: "Instance", value: "7f3c…09", isCode: true),
            ], labels: ["region=us-east", "ring=canary", "tier=production"], applicationsRemark: "2 of 3 in place",
            applications: [
                ClusterPage.Application(
                    key: "payments", label: "payments", address: "/applications/payments?cluster=prod-us-3",
                    status: Badge(.failed, "Failed"),
                    commit: "77d0c2e", problem: "Deployment api: ImagePullBackOff, registry.example/api:2.9 not found", drift: "–",
                    objects: "14",
                    since: "4 min"),
                ClusterPage.Application(
                    key: "web", label: "web", address: "/applications/web?cluster=prod-us-3", status: Badge(.current, "Current"),
                    commit: "9a0be41",
                    problem: "", drift: "1 healed today", objects: "6", since: "3 days"),
            ], events: events, eventsAddress: "/events?cluster=prod-us-3")
    }

    static var application: ApplicationPage {
        ApplicationPage(
            page: frame("payments", "/applications"), name: "payments", status: Badge(.failed, "Failed on 1 cluster"), actions: [],
            facts: [
                Fact(label: "Pipeline", value: "payments", links: ["/pipelines/payments"]),
                Fact(label: "Namespace", value: "payments", isCode: true),
                Fact(label: "Source", value: "environments/${environment.name}/payments", isCode: true),
                Fact(label: "Drift", value: "healed"),
            ], clustersRemark: "47 of 48 in place",
            clusters: [
                ApplicationPage.Cluster(
                    key: "prod-us-3", label: "prod-us-3", address: "?cluster=prod-us-3", environment: "production",
                    status: Badge(.failed, "Failed"),
                    commit: "77d0c2e", problem: "Deployment api: ImagePullBackOff", drift: "–", since: "4 min"),
                ApplicationPage.Cluster(
                    key: "prod-eu-1", label: "prod-eu-1", address: "?cluster=prod-eu-1", environment: "production",
                    status: Badge(.current, "Current"),
                    commit: "9a0be41", problem: "", drift: "–", since: "3 days"),
            ], pager: [PageLinks(after: "?after=prod-us-3")],
            objectLists: [
                ApplicationPage.ObjectList(
                    label: "prod-us-3", remark: "2 of 3 current",
                    objects: [
                        ApplicationPage.Object(
                            key: "o1", objectKind: "apps/Deployment", label: "api", namespace: "payments", status: Badge(.failed, "Failed"),
                            message: "ImagePullBackOff: registry.example/api:2.9 not found",
                            paths: ["/spec/replicas", "/spec/template/spec/containers/0/image"]),
                        ApplicationPage.Object(
                            key: "o2", objectKind: "Service", label: "api", namespace: "payments", status: Badge(.current, "Current"),
                            message: "",
                            paths: []),
                    ])
            ], events: events, eventsAddress: "/events?application=payments")
    }

    static var eventsPage: EventsPage {
        EventsPage(
            page: frame("Events", "/events"), heading: "Events",
            filters: [
                Choice(label: "All", address: "/events", isHere: true),
                Choice(label: "Promotions", address: "/events?kind=promotion", isHere: false),
                Choice(label: "Drift", address: "/events?kind=drift", isHere: false),
            ], events: events, pager: [PageLinks(before: "/events?before=e1", after: "/events?after=e3")])
    }

    static var list: ListPage {
        ListPage(
            page: frame("Clusters", "/clusters"), heading: "Clusters", columns: ["Cluster", "State", "Environment", "Last contact"],
            rows: [
                ListPage.Row(
                    key: "c1", label: "prod-eu-1", address: "/clusters/prod-eu-1", status: Badge(.current, "Current"),
                    cells: ["production", "2 s ago"]),
                ListPage.Row(
                    key: "c2", label: "edge-oslo", address: "/clusters/edge-oslo", status: Badge(.offline, "Offline"),
                    cells: ["edge", "26 min ago"]),
            ], emptyText: "No cluster is declared.")
    }

    static var account: AccountPage {
        AccountPage(
            page: frame("Account", ""), heading: "Anna Berg", facts: [Fact(label: "Account", value: "anna")],
            newTokens: [AccountPage.NewToken(tokenName: "ci", text: "flotilla_pat_0", until: "2027-01-01T00:00:00Z")],
            sessions: [
                AccountPage.SessionLine(
                    key: "session-1", browser: "Firefox", origin: "password", begun: "2 s ago", seen: "1 s ago",
                    status: [Badge(.current, "This one")], endings: []),
                AccountPage.SessionLine(
                    key: "session-2", browser: "Chromium", origin: "password, from 192.0.2.7", begun: "2 h ago", seen: "1 h ago",
                    status: [],
                    endings: ["/account/sessions/2/end"]),
            ], hasOtherSessions: true,
            tokens: [
                AccountPage.TokenLine(
                    key: "token-1", label: "ci", limits: "viewer’s rights, in shop", made: "2 s ago", used: "never", status: [],
                    ends: "2027-01-01T00:00:00Z", revocation: "/account/tokens/1/revoke")
            ], roles: ["viewer", "operator"], mayMakeTokens: true, mayChangePassword: true, passwordMin: "12")
    }

    static var signIn: SignInPage {
        SignInPage(
            page: PageFrame(title: "Sign in", isSignedIn: false, csrf: "csrf-token", version: "0.1.0"), problem: "That token is not known.",
            next: "/pipelines", hint: "The token is in the file admin-token of the data folder.")
    }

    static var error: ErrorPage {
        ErrorPage(
            page: frame("Not found", ""), heading: "There is no such cluster", code: "404", message: "No cluster is named prod-eu-9.",
            hint: "It may have been removed from the fleet repository.", requestID: "01J9Z7")
    }
}
