-- What people ask clusters' agents to do once: delivered once, or expired with a reason.
create sequence command_counter;
create table commands (
    cluster text not null,
    epoch bigint not null,
    counter bigint not null,
    kind text not null,
    application text,
    parameters text not null,
    -- What a dry run tries: the cluster's agent may fetch its objects while the command is open.
    bundle text,
    state text not null check (state in ('queued', 'delivered', 'done', 'failed', 'expired')),
    asked_by text not null,
    asked_at bigint not null,
    reason text not null default '',
    -- After this an agent does not begin it any more.
    expires_at bigint not null,
    -- How long an agent that was given it may take; milliseconds.
    patience bigint not null,
    -- When it is given up: not fetched in time, or not answered.
    due_at bigint not null,
    -- The instance of the agent that was given it: another one knows nothing of it.
    instance text,
    delivered_at bigint,
    started_at bigint,
    finished_at bigint,
    -- Whether the agent has said how it ended; the first answer counts.
    answered boolean not null default false,
    message text not null default '',
    output text,
    primary key (cluster, epoch, counter)
);
create index commands_open on commands (cluster, epoch, counter) where state in ('queued', 'delivered');
create index commands_bundle on commands (cluster, bundle) where state in ('queued', 'delivered') and bundle is not null;
create index commands_due on commands (due_at) where state in ('queued', 'delivered');
create index commands_application on commands (cluster, application, epoch desc, counter desc) where application is not null;
create index commands_finished on commands (finished_at) where finished_at is not null;

-- Applications that are not healed on a cluster for a while: a level, told whole to the cluster's agent.
create table drift_pauses (
    cluster text not null,
    application text not null,
    pipeline text not null,
    environment text not null,
    until_at bigint not null,
    reason text not null default '',
    asked_by text not null,
    asked_at bigint not null,
    -- When the agent first said that it holds this pause.
    held_at bigint,
    primary key (cluster, application)
);
create index drift_pauses_until on drift_pauses (until_at);
