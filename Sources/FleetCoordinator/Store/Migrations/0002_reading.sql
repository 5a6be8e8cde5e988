-- What people's questions are answered from: releases of all pipelines by time, and how far each has come.
create index plans_sequence on plans (sequence desc);
create index promotions_sequence on promotions (pipeline, sequence, environment, created_at desc);
create index promotions_pipeline on promotions (pipeline, created_at desc, id desc);
