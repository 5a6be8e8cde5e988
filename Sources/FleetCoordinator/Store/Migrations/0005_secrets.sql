-- Readable Secrets are kept sealed, with keys that the database has not.
alter table objects alter column body drop not null;
alter table objects add column sealed bytea;
alter table objects add check ((body is null) <> (sealed is null));
create index objects_sealed on objects (digest) where sealed is not null;

-- The files that encrypted objects were made of, as they stand in Git: agents verify them and take the plaintexts from them.
create table originals (
    digest text primary key,
    body text,
    sealed bytea,
    check ((body is null) <> (sealed is null))
);
create index originals_sealed on originals (digest) where sealed is not null;

-- Which originals a bundle has: an agent may fetch only what its own bundles name.
create table bundle_originals (
    bundle text not null references bundles on delete cascade,
    original text not null references originals,
    primary key (bundle, original)
);
