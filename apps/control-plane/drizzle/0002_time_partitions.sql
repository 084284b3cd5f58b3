-- The two tables that grow with traffic are partitioned by day of the event (UTC). The partitions themselves are made by
-- the control plane, days ahead; what falls into none of them is kept in the default partition, so nothing is refused.
alter table access_run_kafka rename to access_run_kafka_whole;
--> statement-breakpoint
drop index access_run_kafka_position, access_run_kafka_time, access_run_kafka_session;
--> statement-breakpoint
-- One row per run of offsets that one session wrote or read: of one event, or of several that followed each other within a
-- second. `seq`, `at_ms`, `requested_offset` and `base_sequence` are those of the first event; `batches` has the others.
create table access_run_kafka (
  segment_id bigint not null,
  seq bigint not null,
  piece integer not null,
  at_ms bigint not null,
  action smallint not null,
  topic text collate "C" not null,
  topic_id text collate "C",
  partition integer not null,
  first_offset bigint not null,
  last_offset bigint not null,
  session_id text collate "C" not null,
  client_id text,
  group_id text,
  requested_offset bigint,
  producer_id bigint,
  producer_epoch integer,
  base_sequence integer,
  rule_id text not null,
  policy_revision text not null,
  batches bytea,
  check (last_offset >= first_offset and last_offset - first_offset < 16384)
) partition by range (at_ms);
--> statement-breakpoint
create index access_run_kafka_position on access_run_kafka (topic, partition, action, last_offset);
--> statement-breakpoint
create index access_run_kafka_time on access_run_kafka (at_ms desc, segment_id desc, seq desc) where piece = 0;
--> statement-breakpoint
create index access_run_kafka_session on access_run_kafka (session_id, at_ms desc) where piece = 0;
--> statement-breakpoint
create table access_run_kafka_default partition of access_run_kafka default;
--> statement-breakpoint
insert into access_run_kafka select *, null from access_run_kafka_whole;
--> statement-breakpoint
drop table access_run_kafka_whole;
--> statement-breakpoint
alter table evidence_event rename to evidence_event_whole;
--> statement-breakpoint
drop index evidence_event_time, evidence_event_type, evidence_event_session, evidence_event_resource;
--> statement-breakpoint
-- No key: that a segment is taken once is the cursor's doing.
create table evidence_event (
  segment_id bigint not null,
  seq bigint not null,
  at_ms bigint not null,
  type text collate "C" not null,
  session_id text collate "C",
  resource text collate "C",
  event jsonb not null
) partition by range (at_ms);
--> statement-breakpoint
create index evidence_event_time on evidence_event (at_ms desc, segment_id desc, seq desc);
--> statement-breakpoint
create index evidence_event_type on evidence_event (type, at_ms desc);
--> statement-breakpoint
create index evidence_event_session on evidence_event (session_id, at_ms desc);
--> statement-breakpoint
create index evidence_event_resource on evidence_event (resource, at_ms desc);
--> statement-breakpoint
create table evidence_event_default partition of evidence_event default;
--> statement-breakpoint
insert into evidence_event select * from evidence_event_whole;
--> statement-breakpoint
drop table evidence_event_whole;
--> statement-breakpoint
-- Why a segment that is signed as it should be could not be read; it is kept as it came. Null: it was read.
alter table audit_segment add column quarantined text;
--> statement-breakpoint
-- When a second history of this epoch turned up. From then on nothing more of the epoch is taken.
alter table gateway_cursor add column forked_at_ms bigint;
--> statement-breakpoint
-- The segment that showed the fork, as it came.
create table audit_fork (
  gateway_id text not null,
  epoch text not null,
  header jsonb not null,
  header_sha256 text not null,
  signature text not null,
  body bytea not null,
  received_at_ms bigint not null,
  primary key (gateway_id, epoch)
);
--> statement-breakpoint
alter table audit_fork alter column body set storage external;
