//! Version 10: SCIM.

use rusqlite::Transaction;

/// Keys of identity providers: SQLite cannot change the check of a column, so the table is created again. The text never
/// changes, even if the table changes in a later version.
const CREDENTIALS: &str = "\
alter table credentials rename to credentials_before;
create table credentials (
    id                 integer primary key,
    uuid               text not null unique,       -- names the credential without being it
    kind               text not null check (kind in ('api', 'app', 'token')),
    name               text not null check (length(name) <= 255),
    digest             blob not null unique check (length(digest) = 32), -- SHA-256 of the secret
    role               text check (role in ('admin', 'standard', 'read', 'provision')),
    user_id            integer references users (id) on delete cascade,  -- whose token
    application        text check (length(application) <= 255),
    device             text check (length(device) <= 255),
    device_description text check (length(device_description) <= 1024),
    permission         text check (length(permission) <= 255),
    seed               blob,                       -- with the user's password, gives the same token again
    created_at         integer not null,
    last_used_at       integer,                    -- to the hour
    revoked_at         integer,
    check ((kind = 'app') = (role is not null)),
    check ((kind = 'token') = (user_id is not null)),
    check (kind <> 'token' or (application is not null and device is not null))
) strict;
insert into credentials select * from credentials_before;
drop table credentials_before;
create index credentials_by_user on credentials (user_id, application, device);";

/// It never changes, even if these tables change in a later version.
const SCIM: &str = "\
create table scim_users (
    user_id  integer primary key references users (id) on delete cascade,
    document text not null                         -- JSON object, attributes by their names in SCIM
             check (json_valid(document) and length(cast(document as blob)) <= 65536)
) strict;
create table scim_emails (
    email_key text not null,
    user_id   integer not null references users (id) on delete cascade,
    primary key (email_key, user_id)
) strict, without rowid;
create index scim_emails_by_user on scim_emails (user_id);
create table scim_members (
    group_id integer not null references groups (id) on delete cascade,
    member   text not null check (length(member) between 1 and 255),
    display  text check (length(display) <= 1024),
    unknown  integer not null check (unknown in (0, 1)), -- 1: no user or group has the uuid
    primary key (group_id, member)
) strict, without rowid;

create index scim_members_unknown on scim_members (member) where unknown = 1;
create index users_by_external_id on users (external_id) where external_id is not null;
create index users_by_updated_at on users (updated_at);";

/// Allows keys with the role of an identity provider, and adds the tables of SCIM.
pub(super) fn migrate(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    tx.execute_batch(CREDENTIALS)?;
    tx.execute_batch(SCIM)
}
