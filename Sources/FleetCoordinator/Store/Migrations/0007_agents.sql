-- Which image each cluster's agent runs, as it says itself; empty where it does not know.
alter table clusters add column agent_image text not null default '';

-- The move of an environment's agents to another image: the state machine of the newest run.
create table agent_upgrades (
    environment text primary key,
    state jsonb not null,
    -- When time alone moves the run on; milliseconds.
    deadline bigint
);
create index agent_upgrades_deadline on agent_upgrades (deadline) where deadline is not null;

-- Desired: the image that a cluster's agent is to move to. A row is there only until the agent has come back with it.
create table agent_images (
    cluster text primary key,
    environment text not null,
    image text not null
);
create index agent_images_environment on agent_images (environment);
