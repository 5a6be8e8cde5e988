// SPDX-License-Identifier: Apache-2.0
import Mustache

/// The web pages: templates parsed once, filled for each request.
struct Pages: Sendable {
    private let library: MustacheLibrary

    /// - Throws: when a template is wrong, which only a change of the program can cause.
    init() throws {
        MustacheContentTypes.register(PageText(), named: "PAGE")
        var library = MustacheLibrary()
        for (name, bytes) in Self.templates {
            // Every template says how its text is escaped, so that it holds wherever it is used.
            let text = "{{% CONTENT_TYPE: PAGE}}" + String(decoding: bytes, as: UTF8.self)
            library.register(try MustacheTemplate(string: text), named: name)
        }
        self.library = library
    }

    func fleet(_ page: FleetPage) -> String { render(page, "fleet_page") }
    func pipeline(_ page: PipelinePage) -> String { render(page, "pipeline_page") }
    func cluster(_ page: ClusterPage) -> String { render(page, "cluster_page") }
    func instance(_ page: InstancePage) -> String { render(page, "instance_page") }
    func application(_ page: ApplicationPage) -> String { render(page, "application_page") }
    func events(_ page: EventsPage) -> String { render(page, "events_page") }
    func audit(_ page: AuditPage) -> String { render(page, "audit_page") }
    func list(_ page: ListPage) -> String { render(page, "list_page") }
    func account(_ page: AccountPage) -> String { render(page, "account_page") }
    func signIn(_ page: SignInPage) -> String { render(page, "sign_in_page") }
    func error(_ page: ErrorPage) -> String { render(page, "error_page") }

    private func render(_ page: some Sendable, _ name: String) -> String { library.render(page, withTemplate: name) ?? "" }

    private static let templates: [(String, [UInt8])] = [
        ("account_page", PackageResources.account_page_mustache), ("action_form", PackageResources.action_form_mustache),
        ("application_page", PackageResources.application_page_mustache),
        ("audit_page", PackageResources.audit_page_mustache),
        ("badge", PackageResources.badge_mustache), ("cluster_page", PackageResources.cluster_page_mustache),
        ("command_table", PackageResources.command_table_mustache), ("instance_page", PackageResources.instance_page_mustache),
        ("error_page", PackageResources.error_page_mustache), ("event_table", PackageResources.event_table_mustache),
        ("events_page", PackageResources.events_page_mustache), ("fact_list", PackageResources.fact_list_mustache),
        ("fleet_page", PackageResources.fleet_page_mustache), ("list_page", PackageResources.list_page_mustache),
        ("page_foot", PackageResources.page_foot_mustache), ("page_head", PackageResources.page_head_mustache),
        ("page_links", PackageResources.page_links_mustache), ("pipeline_page", PackageResources.pipeline_page_mustache),
        ("progress_bar", PackageResources.progress_bar_mustache), ("sign_in_page", PackageResources.sign_in_page_mustache),
        ("stage_card", PackageResources.stage_card_mustache),
    ]

    /// What a browser may do with a page: everything comes from this server, nothing is written into the page itself.
    static let contentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
        + "base-uri 'none'; frame-ancestors 'none'"
}

/// Escapes for HTML text and quoted attributes, scalar by scalar.
///
/// The library's own goes character by character: a quotation mark with a combining accent is another character there, and passes.
private struct PageText: MustacheContentType {
    func escapeText(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x22 || $0 == 0x26 || $0 == 0x27 || $0 == 0x3C || $0 == 0x3E || $0 == 0x60 || $0 == 0 })
        else { return text }
        var result = ""
        result.reserveCapacity(text.utf8.count + 32)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "`": result += "&#96;"
            case "\0": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// The files that pages refer to, under `/assets/`.
struct WebAsset: Sendable {
    let name: String
    let contentType: String
    let bytes: [UInt8]

    static let all = [
        WebAsset(name: "flotilla.css", contentType: "text/css; charset=utf-8", bytes: PackageResources.flotilla_css),
        WebAsset(name: "flotilla.js", contentType: "text/javascript; charset=utf-8", bytes: PackageResources.flotilla_js),
        WebAsset(name: "icon.svg", contentType: "image/svg+xml", bytes: PackageResources.icon_svg),
    ]

    static func named(_ name: some StringProtocol) -> WebAsset? { all.first { $0.name == name } }
}
