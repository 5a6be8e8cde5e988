-- Renders that were done, kept for as long as the answers that they depend on are given again.

-- What a render asked a tree, with the answers: one row for all renders that read the same.
create table render_reads (
    id bigint generated always as identity primary key,
    digest bytea not null unique,
    -- [["path", "kind", "found"], …]
    document text not null
);

-- The index from a question about a tree to the sets of reads that ask it. The key is 64 bits of its kind and path.
-- No foreign keys here and below: what is gone is left out when it is looked up.
create table render_questions (
    key bigint not null,
    reads bigint not null,
    primary key (key, reads)
);

create table renders (
    id bigint generated always as identity primary key,
    -- Of everything that determined it.
    key bytea not null unique,
    -- Of what was asked for: path, namespace, switches, version of the engines; the first and the last also to be read.
    recipe bytea not null,
    path text not null,
    engine text not null,
    -- What was asked about the cluster: [["question", "value" or null], …]
    answers text not null,
    reads bigint not null,
    -- Either the bundle or why there is none.
    bundle text references bundles,
    failure text,
    -- When a plan last used it, to the day.
    used_at bigint not null,
    check ((bundle is null) <> (failure is null))
);
create index renders_recipe on renders (recipe, reads);
create index renders_reads on renders (reads);
create index renders_used on renders (used_at);

-- Branches that are followed: the tree at which each stands, and the sets of reads that hold there.
create table render_lines (
    name text primary key,
    tree text not null,
    moved_at bigint not null,
    moves bigint not null default 0,
    version bigint not null default 0
);
create table render_line_reads (
    line text not null,
    reads bigint not null,
    primary key (line, reads)
);
create index render_line_reads_reads on render_line_reads (reads);
