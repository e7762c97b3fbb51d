//! Programs of the machine that a test needs.

use std::process::Command;

/// True if a program is installed. If it is missing, the test is skipped with a message, but fails with `CI` set. The
/// package is Debian's.
pub fn has_tool(name: &str, package: &str) -> bool {
    // Any answer will do: not all know the same flags.
    let found = Command::new(name).arg("--version").output().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "{name}, of Debian's package {package}, is not installed");
    if !found {
        eprintln!("there is no {name} here: not tested");
    }
    found
}

/// True if the machine allows a network namespace for a test.
pub fn has_own_network() -> bool {
    if !has_tool("ip", "iproute2") {
        return false;
    }
    let allowed = Command::new("unshare").args(["--net", "true"]).status().is_ok_and(|status| status.success());
    assert!(allowed || std::env::var_os("CI").is_none(), "no network can be made for a test");
    if !allowed {
        eprintln!("no network can be made for a test here: not tested");
    }
    allowed
}
