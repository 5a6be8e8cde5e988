-- One-time tokens of clusters' agents, and what became of them. Tokens are kept as their SHA-256 alone.
create table enrollments (
    -- For people; says nothing about the token.
    id text primary key,
    token text not null unique,
    cluster text not null,
    state text not null check (state in ('open', 'pending', 'approved', 'issued', 'revoked')),
    needs_approval boolean not null,
    created_at bigint not null,
    created_by text not null,
    reason text not null default '',
    expires_at bigint not null,
    -- The first key that came with the token; no other one is ever accepted with it. SHA-256 of the public key.
    key text,
    instance text,
    address text,
    requested_at bigint,
    approved_at bigint,
    approved_by text,
    -- What was issued, for an agent that did not hear the answer.
    certificate text,
    renew_after bigint,
    not_after bigint
);
create index enrollments_cluster on enrollments (cluster, created_at desc, id);
create index enrollments_expires on enrollments (expires_at);

-- Certificates that were issued to agents, until some time after their end. A certificate is good without its row, too: only a retired
-- authority, a raised epoch or a revocation ends one before its time.
create table agent_certificates (
    serial text primary key,
    cluster text not null,
    -- SHA-256 of the authority's certificate, and of the agent's public key.
    authority text not null,
    key text not null,
    epoch bigint not null,
    issued_at bigint not null,
    not_after bigint not null
);
create index agent_certificates_cluster on agent_certificates (cluster, issued_at desc);
create index agent_certificates_authority on agent_certificates (authority, not_after desc);
create index agent_certificates_end on agent_certificates (not_after);

-- Credentials of a cluster that were issued until then are good for nothing. Stays when the cluster goes: its name may come again.
create table agent_revocations (
    cluster text primary key,
    until_at bigint not null,
    revoked_by text not null,
    reason text not null
);
