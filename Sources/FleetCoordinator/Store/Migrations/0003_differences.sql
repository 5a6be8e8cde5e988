-- A plan of a large fleet differs little from the one before. It is kept as what differs from an earlier plan that is kept in full, its
-- base; neither ever changes, so every plan remains a frozen copy.
alter table plans add column base bigint;
alter table plans add foreign key (pipeline, base) references plans (pipeline, sequence);
-- An application of the base that the plan no longer has.
alter table plan_applications add column dropped boolean not null default false;
-- Null: a leaf of the base that the plan no longer has.
alter table plan_leaves alter column bundle drop not null;

-- Every plan in full, whichever way it is kept.
create view planned_applications as
    select p.pipeline, p.sequence, a.application, a.namespace, a.options, a.depends_on, a.deletion
    from plans p join plan_applications a on a.pipeline = p.pipeline and a.sequence = p.sequence
    where not a.dropped
    union all
    select p.pipeline, p.sequence, a.application, a.namespace, a.options, a.depends_on, a.deletion
    from plans p join plan_applications a on a.pipeline = p.pipeline and a.sequence = p.base
    where not exists (select from plan_applications o
        where o.pipeline = p.pipeline and o.sequence = p.sequence and o.application = a.application);

create view planned_leaves as
    select p.pipeline, p.sequence, l.environment, l.cluster, l.application, l.bundle
    from plans p join plan_leaves l on l.pipeline = p.pipeline and l.sequence = p.sequence
    where l.bundle is not null
    union all
    select p.pipeline, p.sequence, l.environment, l.cluster, l.application, l.bundle
    from plans p join plan_leaves l on l.pipeline = p.pipeline and l.sequence = p.base
    where not exists (select from plan_leaves o
        where o.pipeline = p.pipeline and o.sequence = p.sequence and o.environment = l.environment and o.cluster = l.cluster
          and o.application = l.application);

-- What a cluster was given last by each stage. `desired` keeps for each application the record that last changed it, which is the one that
-- its Merkle path leads to; all others are as this row's plan says, too.
create table dispatched (
    pipeline text not null,
    environment text not null,
    cluster text not null,
    promotion text not null,
    sequence bigint,
    record_commit text not null,
    release text not null,
    primary key (pipeline, environment, cluster)
);
create index dispatched_promotion on dispatched (promotion, cluster);
insert into dispatched (pipeline, environment, cluster, promotion, sequence, record_commit, release)
    select distinct on (d.pipeline, d.environment, d.cluster) d.pipeline, d.environment, d.cluster, d.promotion, m.sequence,
      d.record_commit, d.release
    from desired d left join promotions m on m.id = d.promotion
    order by d.pipeline, d.environment, d.cluster, d.updated_at desc;
drop index desired_promotion;
create index desired_leaving on desired (cluster) where intent <> 'apply';
