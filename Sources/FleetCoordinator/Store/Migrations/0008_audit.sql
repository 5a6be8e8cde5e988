-- Who did what: appended only, each row's hash covering its content and the hash of the row before.
create table audit (
    sequence bigint primary key,
    at bigint not null,
    actor text not null,
    means text not null,
    address text,
    action text not null,
    target text not null,
    outcome text not null check (outcome in ('done', 'denied', 'refused')),
    reason text not null default '',
    commit text,
    -- Canonical JSON, as it was hashed.
    before text,
    after text,
    previous text not null,
    hash text not null
);
create index audit_actor on audit (actor, sequence desc);
create index audit_target on audit (target, sequence desc);
create index audit_action on audit (action, sequence desc);

-- The chain's head; its row is locked by whoever appends, so that the chain has one order.
create table audit_head (
    only_row boolean primary key default true check (only_row),
    sequence bigint not null,
    hash text not null
);
insert into audit_head (sequence, hash) values (0, repeat('0', 64));
