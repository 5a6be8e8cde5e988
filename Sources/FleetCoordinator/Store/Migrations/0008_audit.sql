-- Who did what: appended only, each row's hash covering its content and the hash of the row before, each hash sealed with a key that the
-- database does not have.
create table audit (
    sequence bigint primary key,
    scheme smallint not null,
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
    hash text not null,
    seal text not null
);
create index audit_actor on audit (actor, sequence desc);
create index audit_target on audit (target, sequence desc);
create index audit_action on audit (action, sequence desc);
create index audit_at on audit (at);

-- The chain's head; its row is locked by whoever appends, so that the chain has one order.
create table audit_head (
    only_row boolean primary key default true check (only_row),
    sequence bigint not null,
    hash text not null
);
insert into audit_head (sequence, hash) values (0, repeat('0', 64));

-- Where the chain begins, once what came before was exported and removed: the last removed entry, and the digest of the export.
create table audit_anchors (
    sequence bigint primary key,
    hash text not null,
    first bigint not null,
    at bigint not null,
    export text not null,
    scheme smallint not null,
    seal text not null
);

create function audit_refuse() returns trigger language plpgsql as $$
begin
    raise exception '% on % is refused: the audit trail is only appended to', tg_op, tg_table_name using errcode = 'restrict_violation';
end $$;

create trigger audit_refuse_change before update or truncate on audit for each statement execute function audit_refuse();
create trigger audit_anchors_refuse_change before update or delete or truncate on audit_anchors
    for each statement execute function audit_refuse();
create trigger audit_head_refuse_change before insert or delete or truncate on audit_head for each statement execute function audit_refuse();

create function audit_head_grows() returns trigger language plpgsql as $$
begin
    if new.sequence <= old.sequence then
        raise exception 'the audit trail''s head goes from % back to %', old.sequence, new.sequence using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger audit_head_only_grows before update on audit_head for each row execute function audit_head_grows();

-- An anchor names an entry that is there, as it is.
create function audit_anchor_fits() returns trigger language plpgsql as $$
begin
    if not exists (select from audit a where a.sequence = new.sequence and a.hash = new.hash) then
        raise exception 'the audit trail has no entry % with hash %', new.sequence, new.hash using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger audit_anchors_fit before insert on audit_anchors for each row execute function audit_anchor_fits();

-- Removed is only everything up to the newest anchor, at once.
create function audit_delete_prefix() returns trigger language plpgsql as $$
declare
    anchored bigint := coalesce((select max(sequence) from audit_anchors), 0);
begin
    if exists (select from gone where sequence > anchored) or exists (select from audit where sequence <= anchored) then
        raise exception 'DELETE on audit is refused: only what was exported may go, and all of it' using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create trigger audit_delete_only_prefix after delete on audit referencing old table as gone
    for each statement execute function audit_delete_prefix();
