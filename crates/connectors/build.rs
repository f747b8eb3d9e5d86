//! Turns the `sources:` table of `config.yml` into the list of connectors that the program holds.
#![expect(clippy::expect_used, clippy::panic, reason = "a build script ends the build")]

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

const CONFIG: &str = "../../config.yml";

fn main() {
    println!("cargo:rerun-if-changed={CONFIG}");
    println!("cargo:rerun-if-changed=Cargo.toml");
    let config: serde_yaml::Value = serde_yaml::from_str(&read(CONFIG)).expect("config.yml is YAML");
    let sources = config["sources"].as_mapping().expect("config.yml has a table `sources:`");
    let manifest = read("Cargo.toml");
    let mut list = String::from("&[\n");
    for (service_type, package) in sources {
        let package = package.as_str().expect("`sources:` maps service types to crates");
        let _ =
            writeln!(list, "    {}", entry(service_type.as_str().unwrap_or_default(), package, &manifest));
    }
    list.push_str("]\n");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("sources.rs"), list).expect("OUT_DIR can be written");
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// One line of the list: nothing for a source whose feature is off, an error for a crate that is none.
fn entry(service_type: &str, package: &str, manifest: &str) -> String {
    let is_feature =
        manifest.lines().any(|line| line.starts_with(&format!("{package} = [\"dep:{package}\"]")));
    if !is_feature {
        return format!(
            "compile_error!(\"config.yml names `{package}` for `{service_type}`, which is no feature of \
             crates/connectors/Cargo.toml\"),"
        );
    }
    let feature = format!("CARGO_FEATURE_{}", package.to_uppercase().replace('-', "_"));
    match env::var_os(feature) {
        Some(_) => format!("(\"{service_type}\", &{}::SOURCE),", package.replace('-', "_")),
        None => String::new(),
    }
}
