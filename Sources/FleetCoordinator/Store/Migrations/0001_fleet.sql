-- The coordinator's memory. Git is the record: rows here are projections of it, of the agents' reports, and of what is under way.

-- One row per fact about the database itself, such as the epoch of its generations.
create table facts (
    name text primary key,
    value text not null
);

-- Heads of the fleet repository's trunk, in the order in which they were seen.
create table fleet_commits (
    sequence bigint generated always as identity primary key,
    commit text not null unique,
    valid boolean not null,
    -- The lines that `flotilla validate` would print.
    diagnostics text[] not null default '{}',
    subject text not null default '',
    author text not null default '',
    committed_at bigint not null,
    seen_at bigint not null
);

-- A pipeline's release, pinned to a fleet commit and rendered for every cluster of its stages.
create table plans (
    pipeline text not null,
    sequence bigint generated always as identity,
    release text not null,
    fleet text not null,
    origin text not null,
    -- Why this release cannot be planned; empty when it can.
    error text not null default '',
    subject text not null default '',
    author text not null default '',
    committed_at bigint not null,
    created_at bigint not null,
    renders integer not null default 0,
    primary key (pipeline, sequence),
    unique (pipeline, release, fleet)
);

-- What a plan means for one stage: a frozen copy of what its rollout is decided from.
create table plan_stages (
    pipeline text not null,
    sequence bigint not null,
    environment text not null,
    strategy jsonb not null,
    rendered text not null,
    root text not null,
    primary key (pipeline, sequence, environment),
    foreign key (pipeline, sequence) references plans on delete cascade
);

create table plan_applications (
    pipeline text not null,
    sequence bigint not null,
    application text not null,
    namespace text not null,
    options jsonb not null,
    depends_on text[] not null default '{}',
    deletion text not null default 'prune',
    primary key (pipeline, sequence, application),
    foreign key (pipeline, sequence) references plans on delete cascade
);

-- The leaves: this application runs this bundle on this cluster.
create table plan_leaves (
    pipeline text not null,
    sequence bigint not null,
    environment text not null,
    cluster text not null,
    application text not null,
    bundle text not null,
    primary key (pipeline, sequence, environment, cluster, application),
    foreign key (pipeline, sequence) references plans on delete cascade
);

create table bundles (
    digest text primary key,
    -- The bundle's canonical document.
    document text not null
);

create table objects (
    digest text primary key,
    -- The object's canonical form.
    body text not null
);

-- Which objects a bundle has: an agent may fetch only what its own bundles name.
create table bundle_objects (
    bundle text not null references bundles on delete cascade,
    object text not null references objects,
    primary key (bundle, object)
);

-- The state machines, one row per stage.
create table stages (
    pipeline text not null,
    environment text not null,
    -- The stage's place in its pipeline, and the stages before it.
    position integer not null,
    predecessors text[] not null default '{}',
    state jsonb not null,
    -- The promotion that rolls out or verifies; reports are matched with it.
    in_flight text,
    -- When time alone moves this stage on; milliseconds.
    deadline bigint,
    retired boolean not null default false,
    primary key (pipeline, environment)
);
create index stages_deadline on stages (deadline) where deadline is not null;
create index stages_in_flight on stages (in_flight) where in_flight is not null;

-- Every promotion that was offered to a stage; also the intents of records that are being written.
create table promotions (
    id text primary key,
    pipeline text not null,
    environment text not null,
    sequence bigint not null,
    release text not null,
    fleet text not null,
    origin text not null,
    candidate jsonb not null,
    state text not null check (state in ('waiting', 'recording', 'rolling', 'verified', 'failed', 'superseded', 'notExercised', 'refused')),
    reason text not null default '',
    created_at bigint not null,
    recorded_at bigint,
    finished_at bigint,
    -- The record: approvals and evidence as decided, then the exact bytes of its commit, kept before they are pushed.
    record_request jsonb,
    record_commit text,
    record_bytes bytea,
    record_parent text
);
create index promotions_stage on promotions (pipeline, environment, created_at desc, id desc);
create index promotions_recording on promotions (id) where state = 'recording';

-- Desired: what each application on each cluster shall be. Level, not queue: the newest row is all there is.
create table desired (
    cluster text not null,
    application text not null,
    pipeline text not null,
    environment text not null,
    promotion text not null,
    intent text not null check (intent in ('apply', 'prune', 'orphan')),
    namespace text not null,
    epoch bigint not null,
    counter bigint not null,
    bundle text not null,
    options jsonb not null,
    depends_on text[] not null default '{}',
    record_commit text not null,
    release text not null,
    root text not null,
    path jsonb not null,
    updated_at bigint not null,
    primary key (cluster, application)
);
create index desired_promotion on desired (promotion, cluster);
create index desired_application on desired (application, cluster);
create index desired_stage on desired (pipeline, environment, cluster);
create sequence desired_counter;

-- Observed: what the cluster's agent said last, fenced by generation.
create table observed (
    cluster text not null,
    application text not null,
    epoch bigint not null,
    counter bigint not null,
    bundle text not null,
    phase text not null,
    health text not null,
    message text not null default '',
    object text not null default '',
    objects_total integer not null default 0,
    objects_current integer not null default 0,
    since bigint not null,
    reported_at bigint not null,
    primary key (cluster, application)
);
create index observed_unwell on observed (cluster, application) where health <> 'Current' or phase <> 'synced';

-- The clusters of the newest valid fleet commit, and those that left it and still run something.
create table clusters (
    name text primary key,
    environment text,
    labels jsonb not null default '{}',
    paused boolean not null default false,
    credential_epoch bigint not null default 0,
    declared boolean not null default true,
    instance text,
    instance_sequence bigint not null default 0,
    agent_version text not null default '',
    kubernetes_version text not null default '',
    last_contact bigint,
    -- A second agent instance that was refused while the first one lives.
    refused_instance text,
    refused_at bigint
);
create index clusters_environment on clusters (environment, name);

-- Everything that happens, once; what people see, notifications and metrics are made from it.
create table events (
    id bigint generated always as identity primary key,
    at bigint not null,
    kind text not null,
    severity text not null check (severity in ('info', 'warning', 'error')),
    pipeline text,
    environment text,
    cluster text,
    application text,
    promotion text,
    release text,
    actor text,
    object text,
    message text not null default '',
    paths text[] not null default '{}',
    duration_milliseconds bigint
);
create index events_cluster on events (cluster, id desc) where cluster is not null;
create index events_stage on events (pipeline, environment, id desc) where pipeline is not null;
create index events_application on events (application, id desc) where application is not null;

-- Decisions that wait to be committed to a journal branch, oldest first.
create table journal_pending (
    id bigint generated always as identity primary key,
    pipeline text not null,
    decision jsonb not null
);
create index journal_pending_pipeline on journal_pending (pipeline, id);

-- Who does which singular work at the moment, among several coordinators.
create table leases (
    name text primary key,
    holder text not null,
    expires_at bigint not null
);
