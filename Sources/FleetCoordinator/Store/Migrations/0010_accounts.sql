-- People's and programs' credentials. Only digests of secrets are here: nothing in these tables signs anybody in.

-- Accounts of identity providers, as they last signed in; local accounts are in the key folder.
create table provider_accounts (
    origin text not null,
    name text not null,
    display_name text not null,
    email text,
    groups text[] not null,
    seen_at bigint not null,
    primary key (origin, name)
);

create table sessions (
    id text primary key,
    -- Of the cookie.
    digest text not null unique,
    origin text not null,
    account text not null,
    -- How the account signed in.
    means text not null,
    -- Of the credential that vouches for the session as long as it lasts; empty where none does.
    bound_to text not null default '',
    created_at bigint not null,
    seen_at bigint not null,
    expires_at bigint not null,
    address text,
    agent text not null
);
create index sessions_account on sessions (account, created_at desc, id);
create index sessions_expiry on sessions (expires_at);

create table tokens (
    id text primary key,
    digest text not null unique,
    origin text not null,
    account text not null,
    name text not null,
    -- Null is no narrowing.
    role text,
    pipelines text[],
    environments text[],
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint,
    used_from text,
    unique (account, origin, name)
);
create index tokens_expiry on tokens (expires_at);

-- Failed sign-ins that still delay further ones, by account or address.
create table sign_in_failures (
    subject text primary key,
    failures integer not null,
    last_at bigint not null,
    next_at bigint not null
);
create index sign_in_failures_age on sign_in_failures (last_at);
