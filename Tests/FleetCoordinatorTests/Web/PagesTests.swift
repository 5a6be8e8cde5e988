// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import FleetCoordinator

struct PagesTests {
    private static let hostile = "<script>alert(1)</script>\"'&`\u{0} \"\u{301} onmouseover=x <\u{301}b>"

    private func all(_ pages: Pages) -> [(name: String, html: String)] {
        [
            ("fleet", pages.fleet(SamplePages.fleet)), ("pipeline", pages.pipeline(SamplePages.pipeline)),
            ("cluster", pages.cluster(SamplePages.cluster)), ("application", pages.application(SamplePages.application)),
            ("instance", pages.instance(SamplePages.instance)),
            ("events", pages.events(SamplePages.eventsPage)), ("list", pages.list(SamplePages.list)),
            ("sign-in", pages.signIn(SamplePages.signIn)), ("account", pages.account(SamplePages.account)),
            ("audit", pages.audit(SamplePages.audit)), ("error", pages.error(SamplePages.error)),
        ]
    }

    @Test func fillsEveryPage() throws {
        for (name, html) in all(try Pages()) {
            #expect(html.hasPrefix("<!doctype html>"), "\(name)")
            #expect(html.hasSuffix("</html>\n"), "\(name)")
            #expect(!html.contains("{{") && !html.contains("Optional("), "\(name)")
            #expect(html.components(separatedBy: "<main").count == 2, "\(name)")
        }
    }

    /// The content security policy forbids what is written into a page; so nothing may be.
    @Test func writesNoScriptOrStyleIntoPages() throws {
        for (name, html) in all(try Pages()) {
            #expect(!html.contains("style="), "\(name)")
            #expect(!html.contains("<style"), "\(name)")
            #expect(
                html.components(separatedBy: "<script").count == 2 && html.contains(#"<script src="/assets/flotilla.js" defer></script>"#),
                "\(name)")
            #expect(html.firstMatch(of: /\son[a-z]+=/) == nil, "\(name)")
            #expect(!html.contains("//cdn") && !html.contains("https://"), "\(name)")
        }
    }

    @Test func everyFormCarriesTheToken() throws {
        // Who signs in has no session yet that a token could belong to.
        for (name, html) in all(try Pages()) where name != "sign-in" {
            let posts = html.components(separatedBy: "method=\"post\"").count
            let tokens = html.components(separatedBy: #"<input type="hidden" name="csrf" value="csrf-token">"#).count
            #expect(posts == tokens, "\(name)")
        }
    }

    @Test func escapesNames() throws {
        let pages = try Pages()
        var cluster = SamplePages.cluster
        cluster.name = Self.hostile
        cluster.page.title = Self.hostile
        cluster.page.query = Self.hostile
        cluster.labels = [Self.hostile]
        cluster.applications[0].key = Self.hostile
        cluster.applications[0].address = Self.hostile
        cluster.applications[0].problem = Self.hostile
        cluster.facts[0].links = [Self.hostile]
        cluster.actions[0].effect = [Self.hostile]
        cluster.events[0].text = Self.hostile
        cluster.events[0].codes = [Self.hostile]
        var fleet = SamplePages.fleet
        fleet.groups[0].tiles[0] = FleetPage.Tile(.failed, title: Self.hostile, address: Self.hostile)
        fleet.pipelines[0].stages[0].subject = Self.hostile
        fleet.page.notices[0].text = Self.hostile
        for html in [pages.cluster(cluster), pages.fleet(fleet)] {
            #expect(html.contains("&lt;script&gt;"))
            #expect(!html.contains("<script>alert"))
            // A quotation mark under an accent is one character for Swift, and still ends an attribute for a browser.
            let scalars = Array(html.unicodeScalars)
            for index in scalars.indices.dropLast() where scalars[index + 1] == "\u{301}" {
                #expect(scalars[index] == ";")
            }
            #expect(!html.unicodeScalars.contains("\0"))
        }
    }

    @Test func saysWhenThereIsNothing() throws {
        var fleet = SamplePages.fleet
        fleet.attention = []
        fleet.events = []
        let html = try Pages().fleet(fleet)
        #expect(html.contains("Nothing needs a person."))
        #expect(html.contains("Nothing has happened yet."))
        #expect(!html.contains("<table>"))
    }

    @Test func drawsBarsThatAddUp() {
        let bar = ProgressBar([(.current, 1), (.failed, 1)], of: 3, summary: "")
        #expect(bar.segments.map(\.x) == ["0.00", "33.33"])
        #expect(bar.segments.map(\.width) == ["33.33", "33.33"])
        #expect(ProgressBar([], of: 0, summary: "").segments.isEmpty)
    }

    @Test func servesItsFiles() throws {
        for asset in WebAsset.all { #expect(!asset.bytes.isEmpty) }
        #expect(WebAsset.named("flotilla.css")?.contentType == "text/css; charset=utf-8")
        #expect(WebAsset.named("../x") == nil)
    }

    /// Writes the pages to the folder that FLOTILLA_WEB_PREVIEW names, for a look in a browser.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["FLOTILLA_WEB_PREVIEW"] != nil))
    func writesPreviews() throws {
        let folder = URL(filePath: try #require(ProcessInfo.processInfo.environment["FLOTILLA_WEB_PREVIEW"]))
        try FileManager.default.createDirectory(at: folder.appending(path: "assets"), withIntermediateDirectories: true)
        for asset in WebAsset.all { try Data(asset.bytes).write(to: folder.appending(path: "assets/\(asset.name)")) }
        for (name, html) in all(try Pages()) {
            let local = html.replacingOccurrences(of: "\"/assets/", with: "\"assets/")
            try Data(local.utf8).write(to: folder.appending(path: "\(name).html"))
        }
    }
}
