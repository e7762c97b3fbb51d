-- The directory of one organisation: users, groups, memberships, and the credentials of callers.
-- Times are milliseconds since 1970-01-01 UTC. Keys (`*_key`) are the NFKC_Casefold (Unicode 3.13) of the text, computed by
-- the program, so that all spellings of a name lead to one row. A row can keep an older key, see `withheld_user_keys`.
-- SQLite stores the comments inside a statement in the database, and `rollbook check` compares them: they change only
-- with a migration.
-- Version 10; `application_id` and `user_version` are set by the program in the transaction that runs this.

-- `alter table` of version 7 added the last column, `phone`, in this form.
create table users (
    id            integer primary key autoincrement, -- inside only, never on a wire, never used again
    uuid          text not null unique,            -- opaque, immutable, never used again
    username      text not null                    -- the login, in the spelling given at creation
                  check (length(username) between 1 and 255),
    username_key  text not null unique,            -- the one login key of all dialects
    first_name    text check (length(first_name) <= 1024),
    last_name     text check (length(last_name) <= 1024),
    display_name  text check (length(display_name) <= 1024), -- Datadog's `name`
    email         text check (length(email) <= 1024),
    company       text check (length(company) <= 1024),
    title         text check (length(title) <= 1024),        -- job title
    first_key     text,                            -- folded first_name, for prefix search
    last_key      text,                            -- folded last_name, for prefix search
    email_key     text,                            -- folded email, for prefix search
    access_role   text not null default 'st'       -- standard or read-only; administrators are members of a group
                  check (access_role in ('st', 'ro')),
    disabled      integer not null default 0 check (disabled in (0, 1)), -- kept, readable, cannot log in
    verified      integer not null default 0 check (verified in (0, 1)), -- has logged in at least once
    password_hash text,                            -- PHC string (argon2id) or an imported {SSHA}… value; null: no login
    external_id   text check (length(external_id) <= 1024), -- the identifier in a system that provisions us
    attributes    text not null default '{}'       -- JSON object: properties that no column holds
                  check (json_valid(attributes) and length(cast(attributes as blob)) <= 65536),
    created_at    integer not null,
    updated_at    integer not null,
    version       integer not null default 1       -- counts the changes of this row; memberships are the group's
, phone text check (length(phone) <= 1024)) strict;

create index users_by_first_name on users (first_key) where first_key is not null;
create index users_by_last_name on users (last_key) where last_key is not null;
create index users_by_email on users (email_key) where email_key is not null;
create index users_by_external_id on users (external_id) where external_id is not null;
create index users_by_updated_at on users (updated_at);

-- `alter table` of version 8 added the last column, `external_id`, in this form: the identifier in a system that
-- provisions us. Several groups can have the same one.
create table groups (
    id          integer primary key autoincrement,
    uuid        text not null unique,
    name        text not null check (length(name) between 1 and 255),
    name_key    text not null unique,
    label       text check (length(label) <= 1024),        -- what people see; null: the name
    label_key   text,                                      -- folded label, for prefix search
    description text check (length(description) <= 4096),
    attributes  text not null default '{}'
                check (json_valid(attributes) and length(cast(attributes as blob)) <= 65536),
    created_at  integer not null,
    updated_at  integer not null,
    version     integer not null default 1
, external_id text check (length(external_id) <= 1024)) strict;

create index groups_by_label on groups (label_key) where label_key is not null;
create index groups_by_external_id on groups (external_id) where external_id is not null;

-- Users that keep an older key, because another row had the key of their name when the rules for keys changed. The key of
-- the name is withheld: no new user gets it.
create table withheld_user_keys (
    user_id integer primary key references users (id) on delete cascade,
    key     text not null                          -- the key of the user's name, which another row had
) strict;

create index withheld_user_keys_by_key on withheld_user_keys (key);

-- The same for groups.
create table withheld_group_keys (
    group_id integer primary key references groups (id) on delete cascade,
    key      text not null                         -- the key of the group's name, which another row had
) strict;

create index withheld_group_keys_by_key on withheld_group_keys (key);

-- The users that each group contains directly.
create table memberships (
    group_id integer not null references groups (id) on delete cascade,
    user_id  integer not null references users (id) on delete cascade,
    seq      integer not null,                     -- order of joining, over all groups
    written  text check (length(written) <= 255),  -- the user's name as the group's list had it, where it differs
    primary key (group_id, user_id)
) strict, without rowid;

create index memberships_by_user on memberships (user_id, seq);

-- The groups that each group contains directly. The program refuses cycles, queries tolerate them.
create table subgroups (
    parent_id      integer not null references groups (id) on delete cascade,
    child_id       integer not null references groups (id) on delete cascade,
    seq            integer not null,
    child_written  text check (length(child_written) <= 255),  -- as the parent's list had it, where it differs
    parent_written text check (length(parent_written) <= 255), -- as the child's list had it, where it differs
    primary key (parent_id, child_id),
    check (parent_id <> child_id)
) strict, without rowid;

create index subgroups_by_child on subgroups (child_id, seq);

-- Pending members: names in the lists of a group that no user or group has. They become rows of the two tables above when
-- such a user or group is created.
create table dangling_members (
    kind     text not null check (kind in ('user', 'group', 'parent')), -- which of the group's three lists
    name_key text not null,
    group_id integer not null references groups (id) on delete cascade, -- the group whose list it is
    name     text not null check (length(name) between 1 and 255),
    seq      integer not null,
    primary key (kind, name_key, group_id)
) strict, without rowid;

create index dangling_members_by_group on dangling_members (group_id, kind, seq);

-- API keys, application keys and users' tokens: digests only.
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

create index credentials_by_user on credentials (user_id, application, device);

-- Properties of passwords other than the hash. A user without a row has the first password, which was set here.
create table passwords (
    user_id   integer primary key references users (id) on delete cascade,
    number    integer not null,                        -- counts changes; a better hash of the same password is none
    imported  blob check (length(imported) = 32),      -- SHA-256 of the hash that was imported last
    slow_kind text                                     -- kind and cost of a hash that takes longer to check than ours
) strict;

create index passwords_by_slow_kind on passwords (slow_kind) where slow_kind is not null;

-- Counters.
create table counters (
    name  text primary key,
    value integer not null
) strict, without rowid;

insert into counters (name, value) values
    ('seq', 0),    -- the last `seq` given to a member of any list
    ('users', 0),  -- how many users there are; kept by triggers, as counting them takes a scan
    ('groups', 0); -- how many groups there are; kept by triggers

create trigger users_counted after insert on users begin
    update counters set value = value + 1 where name = 'users';
end;

create trigger users_discounted after delete on users begin
    update counters set value = value - 1 where name = 'users';
end;

create trigger groups_counted after insert on groups begin
    update counters set value = value + 1 where name = 'groups';
end;

create trigger groups_discounted after delete on groups begin
    update counters set value = value - 1 where name = 'groups';
end;

-- The audit log, in the order of the changes: each row is written in the transaction of the change itself.
create table changes (
    id          integer primary key,  -- counts up; the newest row is never removed, so that none is given twice
    at          integer not null,
    caller_kind text check (caller_kind in ('user', 'key', 'operator')), -- null: the program itself
    caller      text,                 -- the name of the user or key, or the operator's account on this machine
    dialect     text not null,        -- by which it came, or `command`, or `program`
    action      text not null,        -- what was done: `user.created`
    name        text not null,        -- the user, the group or the key that it was done to
    before      text,                 -- JSON object: what was so and is no longer, no secrets
    after       text                  -- JSON object: what is so now, no secrets
) strict;

-- Ages of changes, on a clock that counts the time in which servers have run (the counters `change_clock` and
-- `change_clock_seen`). Old changes are removed by this clock, so that a jump of the system clock removes none.
create table change_marks (
    id integer primary key,           -- the newest change at that time
    at integer not null               -- milliseconds of that clock
) strict;

-- The progress of interrupted imports.
create table imports (
    digest blob primary key check (length(digest) = 32), -- SHA-256 of the whole input
    line   integer not null,                             -- everything up to this line has been looked at and stored
    at     integer not null
) strict, without rowid;

-- Results of the parts of interrupted imports: an import that continues repeats them in its report.
create table import_parts (
    digest blob not null references imports (digest) on delete cascade,
    phase  integer not null,                       -- 0: the beginning, then the passes over the input
    row    integer not null,                       -- the number of the last row of the part
    result text not null check (json_valid(result)),
    primary key (digest, phase, row)
) strict, without rowid;

-- The entries of LDAP directories that users and groups were imported from. A membership that names the entry means this
-- user or group, and never another one with the same name.
create table entry_names (
    name     blob primary key check (length(name) = 16), -- digest of the distinguished name
    user_id  integer references users (id) on delete cascade,
    group_id integer references groups (id) on delete cascade,
    check (user_id is null or group_id is null)        -- both are null: several had the name, and it means nobody
) strict, without rowid;

create index entry_names_by_user on entry_names (user_id) where user_id is not null;
create index entry_names_by_group on entry_names (group_id) where group_id is not null;

-- The index for searches of users by words, which the server fills in the background (see `docs/architecture.md`). A
-- segment has some users by the grams of their texts: pieces of one, two or three characters.
create table search_segments (
    id       integer primary key,
    level    integer not null,                     -- number of merges that have led to it
    base     integer not null,                     -- the lists have the differences of row ids to this one
    last     integer not null,                     -- the largest row id in the lists
    complete integer not null check (complete in (0, 1)) -- 0: not part of the index, being written or removed
) strict;

create table search_grams (
    segment integer not null references search_segments (id),
    gram    text not null check (length(gram) between 1 and 3),
    users   blob not null,                         -- row ids of the users with the gram in their texts
    primary key (segment, gram)
) strict, without rowid;

-- Users whose texts were changed after they were indexed.
create table search_changed (
    user_id integer primary key references users (id) on delete cascade,
    change  integer not null                       -- the newest row of `changes` after that change
) strict;

-- Attributes of users that SCIM alone shows: those that no column of `users` holds, and the whole lists of e-mail
-- addresses and telephone numbers, of which the columns hold one.
create table scim_users (
    user_id  integer primary key references users (id) on delete cascade,
    document text not null                         -- JSON object, attributes by their names in SCIM
             check (json_valid(document) and length(cast(document as blob)) <= 65536)
) strict;

-- Folded e-mail addresses in those documents.
create table scim_emails (
    email_key text not null,
    user_id   integer not null references users (id) on delete cascade,
    primary key (email_key, user_id)
) strict, without rowid;

create index scim_emails_by_user on scim_emails (user_id);

-- Members of groups, by their uuid, as far as SCIM alone shows them: names that a client gave to members of the two
-- tables of memberships, and members that no user or group is.
create table scim_members (
    group_id integer not null references groups (id) on delete cascade,
    member   text not null check (length(member) between 1 and 255),
    display  text check (length(display) <= 1024),
    unknown  integer not null check (unknown in (0, 1)), -- 1: no user or group has the uuid
    primary key (group_id, member)
) strict, without rowid;

create index scim_members_unknown on scim_members (member) where unknown = 1;
