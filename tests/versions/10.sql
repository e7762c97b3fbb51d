-- A directory of schema version 10, as SQL: the passwords are "correct horse battery" (Administrator) and "new words"
-- (Grace), the keys are those of the tests.
pragma application_id = 1383033964;
pragma user_version = 10;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE users (
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
INSERT INTO users VALUES(1,'01a20935-7431-7150-a4eb-eec7abe70b8b','Administrator','administrator','','',NULL,'devnull@nuxeo.com','',NULL,NULL,NULL,'devnull@nuxeo.com','st',0,1,'$argon2id$v=19$m=19456,t=2,p=1$diMC11uY5OhKTO2cE3Anag$DWDj/BdtAS42Iemn4RAuT0eRwHYZJykFB6b7/OwGzTc',NULL,'{}',1795450827825,1795450829545,2,NULL);
INSERT INTO users VALUES(2,'01a20935-7a22-723b-b336-123651483ef0','Ada@example.com','ada@example.com',NULL,NULL,'Ada Lovelace',NULL,NULL,NULL,NULL,NULL,NULL,'st',0,0,NULL,NULL,'{}',1795450829346,1795450829346,1,NULL);
INSERT INTO users VALUES(3,'01a20935-7a6d-74dd-a36c-be18cbafdf89','gone@example.com','gone@example.com',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'ro',1,0,NULL,NULL,'{}',1795450829421,1795450829473,2,NULL);
INSERT INTO users VALUES(4,'01a20935-7b17-768a-a183-0f0253cff8f7','Grace','grace','Grace','Hopper',NULL,'grace@example.com','Navy',NULL,'grace','hopper','grace@example.com','st',0,1,'$argon2id$v=19$m=19456,t=2,p=1$k0h68qu+wOsxgaYKRs3jrw$3BG/MhXV9u2dD4Xud7/qHMcUh95AWRvIdHuakOdsnSo',NULL,'{"shoeSize":[38,"½"]}',1795450829591,1795450829910,2,'+44 20 1');
CREATE TABLE groups (
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
INSERT INTO "groups" VALUES(1,'01a20935-7430-75d0-afe9-ee48c451eb14','administrators','administrators','Administrators group','administrators group','Group of users with adminstrative rights','{}',1795450827824,1795450827825,2,NULL);
INSERT INTO "groups" VALUES(2,'01a20935-7431-7150-a4eb-eec533dcc1d5','members','members','Members group','members group','Group of users with read access rights','{}',1795450827825,1795450829592,2,NULL);
INSERT INTO "groups" VALUES(3,'01a20935-7431-7150-a4eb-eec61daca06f','powerusers','powerusers','Power users group','power users group','Group of users with limited administrative rights','{}',1795450827825,1795450827825,1,NULL);
INSERT INTO "groups" VALUES(4,'01a20935-7b7d-7659-9f80-049766972926','engines','engines','Engines','engines',NULL,'{}',1795450829693,1795450829736,2,NULL);
INSERT INTO "groups" VALUES(5,'01a20935-7ba7-7796-85ab-09e5373f68a7','Looms','looms',NULL,NULL,NULL,'{}',1795450829735,1795450829736,2,'loom-1');
CREATE TABLE passwords (
    user_id   integer primary key references users (id) on delete cascade,
    number    integer not null,                        -- counts changes; a better hash of the same password is none
    imported  blob check (length(imported) = 32),      -- SHA-256 of the hash that was imported last
    slow_kind text                                     -- kind and cost of a hash that takes longer to check than ours
) strict;
INSERT INTO passwords VALUES(4,1,NULL,NULL);
CREATE TABLE withheld_user_keys (
    user_id integer primary key references users (id) on delete cascade,
    key     text not null                          -- the key of the user's name, which another row had
) strict;
CREATE TABLE withheld_group_keys (
    group_id integer primary key references groups (id) on delete cascade,
    key      text not null                         -- the key of the group's name, which another row had
) strict;
CREATE TABLE memberships (
    group_id integer not null references groups (id) on delete cascade,
    user_id  integer not null references users (id) on delete cascade,
    seq      integer not null,                     -- order of joining, over all groups
    written  text check (length(written) <= 255),  -- the user's name as the group's list had it, where it differs
    primary key (group_id, user_id)
) strict, without rowid;
INSERT INTO memberships VALUES(1,1,1,NULL);
INSERT INTO memberships VALUES(2,4,2,NULL);
INSERT INTO memberships VALUES(4,2,3,'ADA@example.com');
INSERT INTO memberships VALUES(5,4,7,'grace');
CREATE TABLE subgroups (
    parent_id      integer not null references groups (id) on delete cascade,
    child_id       integer not null references groups (id) on delete cascade,
    seq            integer not null,
    child_written  text check (length(child_written) <= 255),  -- as the parent's list had it, where it differs
    parent_written text check (length(parent_written) <= 255), -- as the child's list had it, where it differs
    primary key (parent_id, child_id),
    check (parent_id <> child_id)
) strict, without rowid;
INSERT INTO subgroups VALUES(4,5,5,'looms',NULL);
CREATE TABLE dangling_members (
    kind     text not null check (kind in ('user', 'group', 'parent')), -- which of the group's three lists
    name_key text not null,
    group_id integer not null references groups (id) on delete cascade, -- the group whose list it is
    name     text not null check (length(name) between 1 and 255),
    seq      integer not null,
    primary key (kind, name_key, group_id)
) strict, without rowid;
INSERT INTO dangling_members VALUES('parent','machines',4,'machines',6);
INSERT INTO dangling_members VALUES('user','charles',4,'Charles',4);
CREATE TABLE credentials (
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
INSERT INTO credentials VALUES(1,'01a20935-7431-7150-a4eb-eec804a8abdd','api','first',X'3eb1bd439947eb762998e566ccc2e099c791118b2f40579cc4f7da2b5061b7f9',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795450827825,1795450829357,NULL);
INSERT INTO credentials VALUES(2,'01a20935-7431-7150-a4eb-eec9ba937f1f','app','first',X'deb87fabd17715bb31ad4cf4ffb9494eeb15f8d33d85b031a301c64ab3417eaa','admin',NULL,NULL,NULL,NULL,NULL,NULL,1795450827825,1795450829357,NULL);
INSERT INTO credentials VALUES(3,'01a20935-7ce3-762b-bb02-72aecfa45781','token','Grace',X'ca308f0c740df1cd5c39d6c2f9e4d1c45f8ff68e0c0927371445a0a9c1959653',NULL,4,'a','b','c','rw',X'31643633323933303035663666373365393635623063376562333966613864633438333133363134303337373634306365383030323563346435623639656161',1795450830051,NULL,NULL);
CREATE TABLE changes (
    id          integer primary key,  -- counts up; the newest row is never removed, so that none is given twice
    at          integer not null,
    caller_kind text check (caller_kind in ('user', 'key', 'operator')), -- null: the program itself
    caller      text,                 -- the name of the user or key, or the operator's account on this machine
    dialect     text not null,        -- by which it came, or `command`, or `program`
    action      text not null,        -- what was done: `user.created`
    name        text not null,        -- the user, the group or the key that it was done to
    before      text,                 -- JSON object: what was so and is no longer, no secrets
    after       text                  -- JSON object: what is so now, no secrets
) strict;CREATE TABLE imports (
    digest blob primary key check (length(digest) = 32), -- SHA-256 of the whole input
    line   integer not null,                             -- everything up to this line has been looked at and stored
    at     integer not null
) strict, without rowid;
INSERT INTO changes VALUES(1,1795450827825,NULL,NULL,'program','group.created','administrators',NULL,'{"label":"Administrators group"}');
INSERT INTO changes VALUES(2,1795450830051,'user','Grace','nuxeo','token.created','Grace',NULL,'{"application":"a","device":"b"}');
INSERT INTO imports VALUES(X'00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff',1000,1795450830051);
CREATE TABLE import_parts (
    digest blob not null references imports (digest) on delete cascade,
    phase  integer not null,                       -- 0: the beginning, then the passes over the input
    row    integer not null,                       -- the number of the last row of the part
    result text not null check (json_valid(result)),
    primary key (digest, phase, row)
) strict, without rowid;
CREATE TABLE entry_names (
    name     blob primary key check (length(name) = 16), -- digest of the distinguished name
    user_id  integer references users (id) on delete cascade,
    group_id integer references groups (id) on delete cascade,
    check (user_id is null or group_id is null)        -- both are null: several had the name, and it means nobody
) strict, without rowid;
INSERT INTO import_parts VALUES(X'00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff',0,0,'[7,0]');
INSERT INTO entry_names VALUES(X'00112233445566778899aabbccddeeff',1,NULL);
CREATE TABLE change_marks (
    id integer primary key,           -- the newest change at that time
    at integer not null               -- milliseconds of that clock
) strict;
INSERT INTO change_marks VALUES(2,1795450830060);
CREATE TABLE counters (
    name  text primary key,
    value integer not null
) strict, without rowid;
INSERT INTO counters VALUES('change_clock',1795450830060);
INSERT INTO counters VALUES('change_clock_seen',1795450830060);
INSERT INTO counters VALUES('groups',5);
INSERT INTO counters VALUES('seq',7);
INSERT INTO counters VALUES('users',4);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('groups',5);
INSERT INTO sqlite_sequence VALUES('users',4);
CREATE TABLE search_segments (
    id       integer primary key,
    level    integer not null,                     -- number of merges that have led to it
    base     integer not null,                     -- the lists have the differences of row ids to this one
    last     integer not null,                     -- the largest row id in the lists
    complete integer not null check (complete in (0, 1)) -- 0: not part of the index, being written or removed
) strict;
CREATE TABLE search_grams (
    segment integer not null references search_segments (id),
    gram    text not null check (length(gram) between 1 and 3),
    users   blob not null,                         -- row ids of the users with the gram in their texts
    primary key (segment, gram)
) strict, without rowid;
CREATE TABLE search_changed (
    user_id integer primary key references users (id) on delete cascade,
    change  integer not null                       -- the newest row of `changes` after that change
) strict;
CREATE TABLE scim_users (
    user_id  integer primary key references users (id) on delete cascade,
    document text not null                         -- JSON object, attributes by their names in SCIM
             check (json_valid(document) and length(cast(document as blob)) <= 65536)
) strict;
CREATE TABLE scim_emails (
    email_key text not null,
    user_id   integer not null references users (id) on delete cascade,
    primary key (email_key, user_id)
) strict, without rowid;
INSERT INTO scim_users VALUES(4,'{"nickName":"Amazing Grace"}');
CREATE TABLE scim_members (
    group_id integer not null references groups (id) on delete cascade,
    member   text not null check (length(member) between 1 and 255),
    display  text check (length(display) <= 1024),
    unknown  integer not null check (unknown in (0, 1)), -- 1: no user or group has the uuid
    primary key (group_id, member)
) strict, without rowid;
CREATE INDEX users_by_first_name on users (first_key) where first_key is not null;
CREATE INDEX users_by_last_name on users (last_key) where last_key is not null;
CREATE INDEX users_by_email on users (email_key) where email_key is not null;
CREATE INDEX users_by_external_id on users (external_id) where external_id is not null;
CREATE INDEX users_by_updated_at on users (updated_at);
CREATE INDEX groups_by_label on groups (label_key) where label_key is not null;
CREATE INDEX groups_by_external_id on groups (external_id) where external_id is not null;
CREATE INDEX passwords_by_slow_kind on passwords (slow_kind) where slow_kind is not null;
CREATE INDEX withheld_user_keys_by_key on withheld_user_keys (key);
CREATE INDEX withheld_group_keys_by_key on withheld_group_keys (key);
CREATE INDEX memberships_by_user on memberships (user_id, seq);
CREATE INDEX subgroups_by_child on subgroups (child_id, seq);
CREATE INDEX dangling_members_by_group on dangling_members (group_id, kind, seq);
CREATE INDEX credentials_by_user on credentials (user_id, application, device);
CREATE INDEX entry_names_by_user on entry_names (user_id) where user_id is not null;
CREATE INDEX entry_names_by_group on entry_names (group_id) where group_id is not null;
CREATE INDEX scim_emails_by_user on scim_emails (user_id);
CREATE INDEX scim_members_unknown on scim_members (member) where unknown = 1;
CREATE TRIGGER users_counted after insert on users begin
    update counters set value = value + 1 where name = 'users';
end;
CREATE TRIGGER users_discounted after delete on users begin
    update counters set value = value - 1 where name = 'users';
end;
CREATE TRIGGER groups_counted after insert on groups begin
    update counters set value = value + 1 where name = 'groups';
end;
CREATE TRIGGER groups_discounted after delete on groups begin
    update counters set value = value - 1 where name = 'groups';
end;
COMMIT;
