-- What the fleet's access policies say, once per wording; a valid fleet commit names those that it declares.
create table access_policies (
    digest text primary key,
    document text not null
);
alter table fleet_commits add column access text references access_policies;

-- Who may see an event follows from its pipeline and environment; a cluster's event has the environment that the cluster was in.
update events e set environment = c.environment from clusters c
where e.cluster = c.name and e.environment is null and e.pipeline is null and c.environment is not null;
create index events_environment on events (environment, id desc) where pipeline is null and environment is not null;
