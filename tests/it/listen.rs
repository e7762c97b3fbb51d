//! Where the server listens.

use crate::harness::{Server, has_tool};
use std::process::Command;

/// Whether the machine lets a test have a network of its own.
fn has_own_network() -> bool {
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

#[test]
fn a_server_ends_when_its_address_has_gone() {
    if !has_own_network() {
        return;
    }
    let prelude = "set -- unshare --net sh -c 'ip link set lo up && ip address add 192.0.2.7/32 dev lo && exec \"$@\"' \
                   sh \"$@\"";
    for take_away in ["ip address del 192.0.2.7/32 dev lo", "ip link set lo down"] {
        let flags = ["--listen", "192.0.2.7:0", "--metrics-listen", "192.0.2.7:0", "--grace", "600"];
        let server = Server::after(prelude, &flags);
        let pid = server.pid().to_string();
        let mut command = Command::new("nsenter");
        command.args(["--target", &pid, "--net"]).args(take_away.split(' '));
        assert!(command.status().expect("nsenter runs").success(), "{take_away}");
        assert!(server.stop().success(), "{take_away}");
    }
}
