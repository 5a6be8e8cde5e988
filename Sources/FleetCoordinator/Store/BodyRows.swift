// SPDX-License-Identifier: Apache-2.0
import Manifests
import PostgresClient

/// Rows of `objects` and of `originals`: what bundles name, by digest.
enum BodyRows {
    enum Table: String, CaseIterable {
        case objects, originals

        fileprivate var membership: (table: String, column: String) {
            switch self {
            case .objects: ("bundle_objects", "object")
            case .originals: ("bundle_originals", "original")
            }
        }
    }

    /// Stores each once; what is there already costs a look-up.
    static func add(_ session: Session, _ bodies: [StoredBody], to table: Table) throws {
        for start in stride(from: 0, to: bodies.count, by: 1_000) {
            let batch = bodies[start..<min(start + 1_000, bodies.count)]
            let readable = batch.filter { $0.sealed == nil }
            if !readable.isEmpty {
                _ = try session.execute(
                    """
                    insert into \(table.rawValue) (digest, body) select digest, body from unnest($1::text[], $2::text[]) as o (digest, body)
                    order by digest on conflict (digest) do nothing
                    """, [.textArray(readable.map(\.digest.description)), .textArray(readable.map { $0.text ?? "" })])
            }
            let sealed = batch.filter { $0.sealed != nil }
            if !sealed.isEmpty {
                // What is there may have been sealed by a key that is lost, or be readable where it no longer may be.
                _ = try session.execute(
                    """
                    insert into \(table.rawValue) as t (digest, sealed)
                    select digest, sealed from unnest($1::text[], $2::bytea[]) as o (digest, sealed)
                    order by digest on conflict (digest) do update set body = null, sealed = excluded.sealed
                    where t.body is not null or substring(t.sealed from 1 for $3) <> substring(excluded.sealed from 1 for $3)
                    """,
                    [.textArray(sealed.map(\.digest.description)), .bytesArray(sealed.map { $0.sealed ?? [] }), .int(prefixBytes)])
            }
        }
    }

    /// Those that the cluster's own bundles name, or those that it is asked to try, in the order asked for; others are as absent as those that never were.
    static func fetch(_ session: Session, _ table: Table, cluster: String, digests: [Digest]) throws -> [StoredBody] {
        let (membership, column) = table.membership
        let own = try session.query(
            """
            select o.digest, o.body, o.sealed from unnest($2::text[]) with ordinality as w (digest, place)
            join \(table.rawValue) o on o.digest = w.digest
            where exists (select from desired d join \(membership) b on b.bundle = d.bundle
              where d.cluster = $1 and b.\(column) = w.digest)
            order by w.place
            """, [.text(cluster), .textArray(digests.map(\.description))]
        ).map(body)
        guard own.count < digests.count else { return own }
        let found = Set(own.map(\.digest))
        return own + (try fetchTried(session, table, cluster: cluster, digests: digests.filter { !found.contains($0) }))
    }

    /// Those of bundles that the cluster is asked to try now.
    private static func fetchTried(_ session: Session, _ table: Table, cluster: String, digests: [Digest]) throws -> [StoredBody] {
        let bundles = try session.query(
            "select bundle from commands where cluster = $1 and state in ('queued', 'delivered') and bundle is not null", [.text(cluster)])
        guard !bundles.isEmpty else { return [] }
        let (membership, column) = table.membership
        return try session.query(
            """
            select o.digest, o.body, o.sealed from unnest($2::text[]) with ordinality as w (digest, place)
            join \(table.rawValue) o on o.digest = w.digest
            where exists (select from \(membership) b where b.bundle = any($1) and b.\(column) = w.digest)
            order by w.place
            """, [.textArray(try bundles.map { try $0.text("bundle") }), .textArray(digests.map(\.description))]
        ).map(body)
    }

    static let objectsOfBundles = """
        select b.bundle, o.digest, o.body, o.sealed from bundle_objects b join objects o on o.digest = b.object where b.bundle = any($1)
        """

    /// All objects of these bundles.
    static func objects(_ session: Session, of bundles: [Digest]) throws -> [(bundle: Digest, body: StoredBody)] {
        try session.query(objectsOfBundles, [.textArray(bundles.map(\.description))]).map { row in
            guard let bundle = Digest(try row.text("bundle")) else { throw ShapeError(path: "bundle", message: "expected a digest") }
            return (bundle, try body(row))
        }
    }

    // MARK: - New sealing keys

    /// The bytes by which a sealed body says which key sealed it.
    private static let prefixBytes: Int64 = 9

    /// Sealed bodies that do not begin so.
    static func sealed(_ session: Session, _ table: Table, notBy prefix: [UInt8], limit: Int) throws -> [StoredBody] {
        try session.query(
            """
            select digest, body, sealed from \(table.rawValue)
            where sealed is not null and substring(sealed from 1 for $2) <> $1 order by digest limit $3
            """, [.bytes(prefix), .int(Int64(prefix.count)), .int(Int64(limit))]
        ).map(body)
    }

    static func reseal(_ session: Session, _ table: Table, _ bodies: [StoredBody]) throws {
        _ = try session.execute(
            """
            update \(table.rawValue) t set sealed = o.sealed from unnest($1::text[], $2::bytea[]) as o (digest, sealed)
            where t.digest = o.digest and t.sealed is not null
            """, [.textArray(bodies.map(\.digest.description)), .bytesArray(bodies.map { $0.sealed ?? [] })])
    }

    private static func body(_ row: Row) throws -> StoredBody {
        guard let digest = Digest(try row.text("digest")) else { throw ShapeError(path: "digest", message: "expected a digest") }
        if let sealed = try row.optionalBytes("sealed") { return StoredBody(digest: digest, content: .sealed(sealed)) }
        return StoredBody(digest: digest, content: .readable(try row.text("body")))
    }
}
