// SPDX-License-Identifier: Apache-2.0

import Manifests

/// The state of one simulated cluster and all that changes it. Used by one thread at a time; reads time only through `now`.
final class ClusterCore {
    let specification: ClusterSpecification
    let behaviour: SimulatorBehaviour
    /// The time of the operation under way.
    var now: Timestamp
    var store: Store
    var random: SeededGenerator
    /// Every served resource, built in and custom, in discovery order.
    private(set) var types: [ResourceType]
    private var typeIndex: [String: Int] = [:]
    var watches: [Int: Watch] = [:]
    var nextWatch = 1
    /// Work that controllers are to do, in the order it came up.
    var queue: [WorkItem] = []
    private var queued: Set<WorkItem> = []
    var timers = TimerQueue()
    var faults = Faults()
    /// When watches end by themselves.
    var watchDeadlines: [Int: Timestamp] = [:]
    /// When watches that want bookmarks get the next one.
    var bookmarksDue: Timestamp
    /// When pods were placed, to the millisecond, and when those that stop are gone.
    var podStarts: [ObjectName: Timestamp] = [:]
    var podStops: [ObjectName: Timestamp] = [:]
    /// How far rollouts have come, by the Deployment's UID.
    var progress: [String: ProgressNote] = [:]
    /// When terminating namespaces are emptied.
    var namespacesDue: [String: Timestamp] = [:]
    var definitionsDue: [String: Timestamp] = [:]
    /// Tokens handed out for service accounts.
    var tokens: [String: IssuedToken] = [:]
    /// The administrator's.
    var token: String
    var nextAddress: UInt32 = 10
    /// Tells events of one second apart.
    var eventNumber: Int64 = 0
    /// Jobs and claims made by an apply and not written since: the next apply writes them anew even when nothing changes, as it does at
    /// a real server.
    var freshlyApplied: Set<String> = []
    /// Receives lines about what controllers did to workloads' health.
    var journal: [WorkloadChange] = []
    /// Receives every stored change, for persistence.
    var changes: [Store.Event] = []
    var recordsChanges = false
    private var availability: [String: WorkloadChange] = [:]

    init(specification: ClusterSpecification, behaviour: SimulatorBehaviour, now: Timestamp, seed: UInt64) {
        self.specification = specification
        token = specification.token
        self.behaviour = behaviour
        self.now = now
        bookmarksDue = now + behaviour.bookmarkInterval
        random = SeededGenerator(seed: seed)
        store = Store(version: 0, historyMax: behaviour.historyMax)
        types = ResourceType.builtIn
        indexTypes()
    }

    // MARK: - Served resources

    private func indexTypes() {
        typeIndex = Dictionary(
            types.enumerated().map { ("\($1.group)/\($1.version)/\($1.plural)", $0) }, uniquingKeysWith: { first, _ in first })
    }

    func type(group: String, version: String, plural: String) -> ResourceType? {
        typeIndex["\(group)/\(version)/\(plural)"].map { types[$0] }
    }

    func type(group: String, version: String, kind: String) -> ResourceType? {
        types.first { $0.kind == kind && $0.group == group && $0.version == version }
    }

    func type(apiVersion: String, kind: String) -> ResourceType? {
        let parts = apiVersion.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        return type(group: parts.count == 2 ? parts[0] : "", version: parts.last ?? "", kind: kind)
    }

    /// A built-in type by kind; the built-in ones are always there.
    func builtIn(_ plural: String, group: String = "", version: String = "v1") -> ResourceType {
        type(group: group, version: version, plural: plural) ?? ResourceType.builtIn[0]
    }

    /// One type per stored resource: the first served version.
    var storedTypes: [ResourceType] {
        var seen: Set<ResourceKey> = []
        return types.filter {
            $0.verbs.contains("list") && $0.verbs.contains("create") && $0.kind != "ComponentStatus" && seen.insert($0.key).inserted
        }
    }

    func setCustomTypes(_ custom: [ResourceType]) {
        types = ResourceType.builtIn + custom
        indexTypes()
    }

    // MARK: - Storage, with everything that follows from a change

    func get(_ type: ResourceType, _ namespace: String, _ name: String) -> Value? {
        store.get(type.key, ObjectName(namespace: type.isNamespaced ? namespace : "", name: name))
    }

    /// Stores an object and tells watches and controllers.
    @discardableResult func put(_ type: ResourceType, _ object: Value) -> Value {
        let (stored, event) = store.put(type.key, object)
        if !freshlyApplied.isEmpty { freshlyApplied.remove(stored.uid) }
        publish(event, type)
        return stored
    }

    /// Removes an object for good and tells watches and controllers.
    func erase(_ type: ResourceType, _ object: Value) {
        let name = ObjectName(namespace: object.namespace, name: object.name)
        if let event = store.remove(type.key, name, last: object) { publish(event, type) }
    }

    private func publish(_ event: Store.Event, _ type: ResourceType) {
        if recordsChanges { changes.append(event) }
        for (id, watch) in watches where watch.after < event.version && !watch.isStalled {
            guard let (kind, object) = watch.event(event) else { continue }
            if !watch.send(watch.line(kind, converted(object, to: watch.type), now: now)) { closeWatch(id) }
        }
        noticed(event, type)
    }

    /// The object as another version of its kind shows it.
    func converted(_ object: Value, to type: ResourceType) -> Value {
        guard let version = object["apiVersion"]?.string, version != type.apiVersion else { return object }
        return Conversion.convert(object, to: type)
    }

    func closeWatch(_ id: Int) {
        watchDeadlines[id] = nil
        watches.removeValue(forKey: id)?.finish()
    }

    // MARK: - Work

    func enqueue(_ item: WorkItem) {
        guard behaviour.runsControllers || item.isHousekeeping else { return }
        if queued.insert(item).inserted { queue.append(item) }
    }

    func after(_ delay: Duration, _ item: WorkItem) {
        guard behaviour.runsControllers || item.isHousekeeping else { return }
        timers.add(item, at: now + delay)
    }

    /// Runs timers that are due and the work that follows from them. Bounded: a controller that never settles cannot hang the cluster.
    func settle() {
        while let item = timers.pop(due: now) { enqueue(item) }
        var rounds = 0
        while !queue.isEmpty, rounds < 100_000 {
            let batch = queue
            queue = []
            queued = []
            for item in batch {
                rounds += 1
                perform(item)
            }
        }
    }

    // MARK: - Values that the server makes up

    func newUID() -> String {
        var high = random.next()
        var low = random.next()
        high = (high & 0xffff_ffff_ffff_0fff) | 0x4000
        low = (low & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000
        let text = Self.hex(high) + Self.hex(low)
        var result = ""
        for (index, character) in text.enumerated() {
            if [8, 12, 16, 20].contains(index) { result.append("-") }
            result.append(character)
        }
        return result
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The random end of a generated name: letters and digits that spell nothing.
    func newSuffix(_ length: Int = 5) -> String {
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        return String((0..<length).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] })
    }

    func newClusterIP() -> String {
        nextAddress += 1
        return "10.96.\((nextAddress >> 8) & 255).\(nextAddress & 255)"
    }

    func newPodIP() -> String {
        nextAddress += 1
        return "10.244.\((nextAddress >> 8) & 255).\(nextAddress & 255)"
    }

    var stamp: String { Timestamp(seconds: now.seconds).rfc3339 }

    /// Notes a workload's health when it differs from what was noted last.
    func note(_ change: WorkloadChange) {
        if availability[change.key] == change { return }
        availability[change.key] = change
        journal.append(change)
    }

    func forgetWorkload(_ key: String) { availability[key] = nil }
}

/// What a controller is to look at.
enum WorkItem: Hashable {
    case deployment(ObjectName)
    case replicaSet(ObjectName)
    case statefulSet(ObjectName)
    case daemonSet(ObjectName)
    case job(ObjectName)
    case pod(ObjectName)
    case claim(ObjectName)
    case volume(ObjectName)
    case service(ObjectName)
    case namespace(String)
    case definition(String)
    /// Objects whose owner with this UID is gone.
    case orphansOf(String)
    /// An object that waits for its dependants to go.
    case terminating(ResourceKey, ObjectName)
    case quota(String)
    case budget(ObjectName)

    /// Done even with the workload controllers off.
    var isHousekeeping: Bool { if case .definition = self { true } else { false } }
}

/// Work put off until a time, soonest first.
struct TimerQueue {
    private var heap: [(at: Timestamp, order: Int, item: WorkItem)] = []
    private var added = 0

    var next: Timestamp? { heap.first?.at }
    var isEmpty: Bool { heap.isEmpty }

    mutating func add(_ item: WorkItem, at time: Timestamp) {
        heap.append((time, added, item))
        added += 1
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard before(child, parent) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func pop(due now: Timestamp) -> WorkItem? {
        guard let first = heap.first, first.at <= now else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            var parent = 0
            while true {
                let left = 2 * parent + 1
                guard left < heap.count else { break }
                let child = left + 1 < heap.count && before(left + 1, left) ? left + 1 : left
                guard before(child, parent) else { break }
                heap.swapAt(child, parent)
                parent = child
            }
        }
        return first.item
    }

    private func before(_ one: Int, _ other: Int) -> Bool {
        heap[one].at == heap[other].at ? heap[one].order < heap[other].order : heap[one].at < heap[other].at
    }
}

/// SplitMix64: the same seed gives the same cluster.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// A workload's health as it changed, for whoever judges a rollout from the log.
struct WorkloadChange: Hashable, Sendable {
    let group: String
    let kind: String
    let namespace: String
    let name: String
    let ready: Int64
    let desired: Int64
    /// How many are of the newest template.
    let updated: Int64
    let available: Bool
    /// As many pods as wanted, all of the newest template and ready.
    let isSettled: Bool
    let images: [String]

    var key: String { "\(group)/\(kind)/\(namespace)/\(name)" }
}

/// A service account's token.
struct IssuedToken {
    let user: UserInfo
    let expires: Timestamp
    /// The account that it is good for as long as it is there.
    let account: ObjectName
}

/// Who makes a request.
struct UserInfo: Sendable, Hashable {
    var name: String
    var uid = ""
    var groups: [String]
    var extra: [String: [String]] = [:]

    static let admin = UserInfo(name: "kubernetes-admin", groups: ["system:masters", "system:authenticated"])
    static let anonymous = UserInfo(name: "system:anonymous", groups: ["system:unauthenticated"])
    var isMaster: Bool { groups.contains("system:masters") }
}
