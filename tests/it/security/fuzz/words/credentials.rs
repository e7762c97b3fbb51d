//! Fragments of credentials, and the calls that carry them.

pub const CREDENTIALS: &[&[u8]] = &[
    b"ada:secret",
    b"ada",
    b"ada:",
    b":secret",
    b":",
    b"",
    b"Administrator",
    b"Administrator:",
    b"::",
    b"system:x",
    b"\xff:x",
    b"ada:\xff",
    b"\xc3\xa9",
    b"a\0da",
    b"0123456789abcdef0123456789abcdef",
    // A beginning of the administrator's key; the whole key would be valid.
    b"0123456789abcdef0123456789abcdef012345",
];

pub const NUXEO_CALLS: &[&str] = &[
    "GET /nuxeo/api/v1/me",
    "DELETE /nuxeo/api/v1/user/ada",
    "DELETE /nuxeo/api/v1/group/team",
    "POST /nuxeo/api/v1/user/ada/group/administrators",
    "DELETE /nuxeo/api/v1/group/team/user/ada",
    "POST /nuxeo/api/v1/automation/login",
    "GET /nuxeo/authentication/token?applicationName=a&deviceId=b&permission=c",
];

pub const DATADOG_CALLS: &[&str] =
    &["GET /api/v1/validate", "GET /api/v1/user", "DELETE /api/v1/user/ada", "GET /api/v1/user/administrator"];
