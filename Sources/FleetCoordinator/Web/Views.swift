// SPDX-License-Identifier: Apache-2.0

// What the pages show, as text that is ready to be put in: the names of the stored properties are the names in the templates. A template
// looks for a name in what surrounds it too; so a name that may be absent in one of these is used in none of those around it.

// MARK: - Parts

/// A state, said by colour, shape and word.
struct Badge: Sendable, Hashable {
    enum Kind: String, Sendable { case current, progress, waiting, failed, offline }
    let kind: String
    let label: String

    init(_ kind: Kind, _ label: String) {
        self.kind = kind.rawValue
        self.label = label
    }
}

struct Link: Sendable, Hashable {
    var label: String
    var address: String
}

/// A link of a row of choices, one of which is where the reader is.
struct Choice: Sendable, Hashable {
    var label: String
    var address: String
    var isHere: Bool
}

/// How many of a whole are in which state, as a bar.
struct ProgressBar: Sendable, Hashable {
    struct Segment: Sendable, Hashable {
        let kind: String
        /// Percent of the width, as numbers in text.
        let x: String
        let width: String
    }
    let segments: [Segment]
    /// What the bar says, for those who do not see it.
    let summary: String

    /// - Parameters:
    ///   - counts: how many are in a state, in the order of the segments.
    ///   - total: the whole; what the counts leave of it stays empty.
    init(_ counts: [(Badge.Kind, Int)], of total: Int, summary: String) {
        var segments: [Segment] = []
        var before = 0
        let whole = max(total, counts.reduce(0) { $0 + max($1.1, 0) }, 1)
        for (kind, count) in counts where count > 0 {
            segments.append(
                Segment(kind: kind.rawValue, x: Self.percent(before, of: whole), width: Self.percent(count, of: whole)))
            before += count
        }
        self.segments = segments
        self.summary = summary
    }

    /// Two digits after the point, without rounding that depends on the locale.
    private static func percent(_ part: Int, of whole: Int) -> String {
        let hundredths = part * 10_000 / whole
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}

struct Fact: Sendable, Hashable {
    var label: String
    var value: String
    /// None, or the address that the value leads to.
    var links: [String] = []
    var isCode = false
}

/// Something that a person may do: a button that opens a panel which says the effect, asks for a reason and posts.
struct ActionForm: Sendable, Hashable {
    struct Field: Sendable, Hashable {
        var name: String
        var value: String
    }
    /// Unique on the page.
    var key: String
    /// The button that opens the panel: `Approve`.
    var label: String
    /// Where the form is posted to.
    var address: String
    /// What will happen, line by line.
    var effect: [String]
    /// The button that does it: `Approve 3f2c1ab for production`.
    var confirm: String
    var fields: [Field] = []
    var asksReason = true
    var needsReason = false
    var isPrimary = false
    var isDangerous = false
}

/// The frame of every page.
struct PageFrame: Sendable, Hashable {
    struct Notice: Sendable, Hashable {
        /// `progress`, `current` or `failed`.
        var kind: String
        var text: String
    }
    var title: String
    var isSignedIn: Bool
    var navigation: [Choice] = []
    var user = ""
    /// The token that every form sends back.
    var csrf = ""
    /// The text of the search field.
    var query = ""
    /// The stream that says when to fetch the page again; `nil` for a page that does not change.
    var liveAddress: String?
    var notices: [Notice] = []
    var version = ""

    /// The main pages, in the order of the bar.
    static func navigation(here: String, showsAudit: Bool = false) -> [Choice] {
        var pages = [
            ("Fleet", "/"), ("Pipelines", "/pipelines"), ("Applications", "/applications"), ("Clusters", "/clusters"),
            ("Events", "/events"),
        ]
        if showsAudit { pages.append(("Audit", "/audit")) }
        return pages.map { Choice(label: $0.0, address: $0.1, isHere: $0.1 == here) }
    }
}

struct EventRow: Sendable, Hashable {
    /// Unique on the page, and the same at the next visit.
    var key: String
    /// RFC 3339, and what is shown instead.
    var time: String
    var when: String
    var badges: [Badge] = []
    var text: String
    /// Shown after the text as code: field paths, images.
    var codes: [String] = []
    /// None, or where it happened.
    var place: [Link] = []
    var who: String
}

/// Links to the pages before and after this one.
struct PageLinks: Sendable, Hashable {
    var before: String?
    var beforeLabel = "Newer"
    var after: String?
    var afterLabel = "Older"
}

// MARK: - Pages

struct FleetPage: Sendable {
    struct Trunk: Sendable {
        var repository: String
        var commit: String
        var subject: String
        var age: String
    }
    struct Summary: Sendable {
        var label: String
        var value: String
        var detail: String
        var address: String
        var needsAction = false
        var isBad = false
    }
    struct Attention: Sendable {
        var key: String
        var status: Badge
        var title: String
        var text: String
        var codes: [String] = []
        var since: String
        var address: String
        /// What the link does: `Why`, `Review`.
        var action: String
        var isPrimary = false
    }
    struct Pipeline: Sendable {
        var name: String
        var address: String
        var remark: String
        var stages: [StageCard]
    }
    struct Group: Sendable {
        var key: String
        var label: String
        var detail: String
        var address: String
        var tiles: [Tile]
    }
    struct Tile: Sendable {
        let kind: String
        let sign: String
        let title: String
        let address: String

        init(_ state: Badge.Kind, title: String, address: String) {
            kind = state.rawValue
            sign =
                switch state {
                case .failed: "!"
                case .progress: "↻"
                case .waiting: "…"
                case .current, .offline: ""
                }
            self.title = title
            self.address = address
        }
    }

    var page: PageFrame
    var trunk: Trunk
    var summary: [Summary]
    var attention: [Attention]
    var pipelinesRemark: String
    var pipelines: [Pipeline]
    var legend: [Badge]
    var groups: [Group]
    var events: [EventRow]
}

/// A stage as a box of a pipeline.
struct StageCard: Sendable {
    var key: String
    var environment: String
    var address: String
    var status: Badge
    /// What runs there.
    var commit: String
    var subject: String
    /// What comes next, if that is known.
    var nextCommit: String?
    var bar: [ProgressBar]
    var remark: String
    /// Whether an arrow leads here from the stage before.
    var follows: Bool
}

struct PipelinePage: Sendable {
    struct Head: Sendable {
        var commit: String
        var subject: String
        var author: String
        var age: String
    }
    struct Line: Sendable {
        var label: String
        var detail: String
        var status: Badge
        var bar: [ProgressBar] = []
    }
    struct Stage: Sendable {
        var environment: String
        var status: Badge
        var headline: String
        /// Why it is as it is, why nothing moves.
        var reasons: [String]
        var gates: [Line]
        var waves: [Line]
        var actions: [ActionForm]
    }
    struct Record: Sendable {
        var key: String
        var time: String
        var when: String
        var environment: String
        var commit: String
        var subject: String
        var status: Badge
        var detail: String
        var who: String
    }

    var page: PageFrame
    var name: String
    var status: Badge
    /// Repository and branch.
    var source: String
    var head: Head
    var actions: [ActionForm]
    var cards: [StageCard]
    var stages: [Stage]
    var applications: [Link]
    var history: [Record]
}

struct ClusterPage: Sendable {
    struct Application: Sendable {
        var key: String
        var label: String
        var address: String
        var status: Badge
        var commit: String
        var problem: String
        var drift: String
        var objects: String
        var since: String
    }

    var page: PageFrame
    var name: String
    var status: Badge
    /// What everybody should know about it: offline since, paused by whom.
    var explanation: String?
    var actions: [ActionForm]
    var facts: [Fact]
    var labels: [String]
    var applicationsRemark: String
    var applications: [Application]
    /// The newest commands to its agent.
    var commands: [CommandRow] = []
    var events: [EventRow]
    var eventsAddress: String
}

struct ApplicationPage: Sendable {
    struct Cluster: Sendable {
        var key: String
        var label: String
        var address: String
        var environment: String
        var status: Badge
        var commit: String
        var problem: String
        var drift: String
        var since: String
    }
    struct ObjectList: Sendable {
        /// The cluster.
        var label: String
        var remark: String
        var objects: [Object]
    }
    struct Object: Sendable {
        var key: String
        var objectKind: String
        var label: String
        var namespace: String
        var status: Badge
        var message: String
        /// The fields that differ from what Git says.
        var paths: [String]
    }

    var page: PageFrame
    var name: String
    var status: Badge
    var actions: [ActionForm]
    var facts: [Fact]
    var clustersRemark: String
    var clusters: [Cluster]
    var pager: [PageLinks] = []
    /// None, or the objects on the one cluster that was asked for.
    var objectLists: [ObjectList]
    var events: [EventRow]
    var eventsAddress: String
}

struct EventsPage: Sendable {
    var page: PageFrame
    var heading: String
    var filters: [Choice]
    var events: [EventRow]
    var pager: [PageLinks] = []
}

/// A list of pipelines, applications, clusters or findings.
struct ListPage: Sendable {
    struct Row: Sendable {
        var key: String
        var label: String
        var address: String
        var status: Badge
        /// The columns after name and state.
        var cells: [String]
    }

    var page: PageFrame
    var heading: String
    var filters: [Choice] = []
    /// All column heads, name and state included.
    var columns: [String]
    var rows: [Row]
    var emptyText: String
    var pager: [PageLinks] = []
}

struct SignInPage: Sendable {
    var page: PageFrame
    /// Why the last try failed.
    var problem: String?
    /// Where to go afterwards: a path of this server.
    var next: String
    /// Identity providers that may be signed in with.
    var providers: [Link] = []
    var hint: String
}

struct ErrorPage: Sendable {
    var page: PageFrame
    var heading: String
    /// The HTTP status.
    var code: String
    var message: String
    var hint: String?
    var requestID: String?
}
