-- Evidence: segments are kept whole and never change; everything under "index" is derived from them and can be rebuilt.
create table audit_segment (
  id bigint generated always as identity primary key,
  gateway_id text not null,
  epoch text not null,
  first_seq bigint not null,
  last_seq bigint not null,
  first_at_ms bigint not null,
  last_at_ms bigint not null,
  events integer not null,
  sha256 text not null,
  previous_sha256 text not null,
  header_sha256 text not null,
  signature text not null,
  body bytea not null,
  received_at_ms bigint not null,
  unique (gateway_id, epoch, first_seq)
);
--> statement-breakpoint
-- The body is compressed already: keep it out of line and as it is.
alter table audit_segment alter column body set storage external;
--> statement-breakpoint
-- Where each epoch of a gateway stands. Advanced by compare-and-set, in the transaction that stores the segment.
create table gateway_cursor (
  gateway_id text not null,
  epoch text not null,
  next_seq bigint not null,
  head_sha256 text not null,
  primary key (gateway_id, epoch)
);
--> statement-breakpoint
create table principal (
  id bigint generated always as identity primary key,
  issuer text not null,
  subject text not null,
  unique (issuer, subject)
);
--> statement-breakpoint
-- Index: a session's end may arrive before its start (another process closed it), hence the nullable columns.
create table session (
  id text collate "C" not null,
  gateway_id text not null,
  protocol text,
  principal_id bigint references principal (id),
  display_name text,
  groups jsonb,
  actors jsonb,
  client_id text,
  client_software text,
  mechanism text,
  credential_id text,
  peer text,
  started_at_ms bigint,
  ended_at_ms bigint,
  end_reason text,
  totals jsonb,
  primary key (id, gateway_id)
);
--> statement-breakpoint
create index session_started on session (started_at_ms desc, id desc);
--> statement-breakpoint
create index session_open on session (started_at_ms desc, id desc) where ended_at_ms is null;
--> statement-breakpoint
create index session_principal on session (principal_id, started_at_ms desc);
--> statement-breakpoint
-- Index: one row per contiguous run of offsets. No run is longer than 16,384 offsets, so "last >= x and last < x + 16384"
-- bounds the scan of the btree. `piece` numbers the runs of one event.
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
  check (last_offset >= first_offset and last_offset - first_offset < 16384)
);
--> statement-breakpoint
create index access_run_kafka_position on access_run_kafka (topic, partition, action, last_offset);
--> statement-breakpoint
create index access_run_kafka_time on access_run_kafka (at_ms desc, segment_id desc, seq desc) where piece = 0;
--> statement-breakpoint
create index access_run_kafka_session on access_run_kafka (session_id, at_ms desc) where piece = 0;
--> statement-breakpoint
-- Index: every event that is not an access.
create table evidence_event (
  segment_id bigint not null,
  seq bigint not null,
  at_ms bigint not null,
  type text collate "C" not null,
  session_id text collate "C",
  resource text collate "C",
  event jsonb not null,
  primary key (segment_id, seq)
);
--> statement-breakpoint
create index evidence_event_time on evidence_event (at_ms desc, segment_id desc, seq desc);
--> statement-breakpoint
create index evidence_event_type on evidence_event (type, at_ms desc);
--> statement-breakpoint
create index evidence_event_session on evidence_event (session_id, at_ms desc);
--> statement-breakpoint
create index evidence_event_resource on evidence_event (resource, at_ms desc);
--> statement-breakpoint
-- Evidence of the control plane itself: who looked at evidence, and what was asked.
create table look (
  id bigint generated always as identity primary key,
  at_ms bigint not null,
  issuer text not null,
  subject text not null,
  actors jsonb not null,
  credential_id text not null,
  peer text not null,
  route text not null,
  query jsonb not null
);
--> statement-breakpoint
create index look_time on look (at_ms desc, id desc);
--> statement-breakpoint
-- One row: the revision of the policy bundle, risen in the transaction of every change of anything in the bundle.
create table bundle_state (
  singleton boolean primary key default true check (singleton),
  revision bigint not null
);
--> statement-breakpoint
insert into bundle_state (revision) values (0);
--> statement-breakpoint
create table policy_revision (
  bundle_revision bigint primary key,
  revision text not null,
  yaml text not null,
  applied_at_ms bigint not null,
  applied_by_issuer text not null,
  applied_by_subject text not null,
  comment text
);
--> statement-breakpoint
create table weir_key (
  id text primary key,
  issuer text not null,
  subject text not null,
  display_name text,
  groups jsonb not null,
  description text,
  created_at_ms bigint not null,
  created_by_issuer text not null,
  created_by_subject text not null,
  expires_at_ms bigint not null,
  revoked_at_ms bigint,
  revoked_by_issuer text,
  revoked_by_subject text,
  scram_sha256 jsonb not null,
  scram_sha512 jsonb not null
);
--> statement-breakpoint
create index weir_key_owner on weir_key (issuer, subject);
--> statement-breakpoint
create table gateway (
  id text primary key,
  identity text not null,
  subject text not null,
  key_id text not null,
  public_key bytea not null,
  protocol text not null,
  version text not null,
  epoch text not null,
  bundle_revision bigint not null,
  policy_revision text not null,
  sessions integer not null,
  spool_bytes bigint not null,
  oldest_unshipped_ms bigint not null,
  first_seen_at_ms bigint not null,
  last_seen_at_ms bigint not null
);
