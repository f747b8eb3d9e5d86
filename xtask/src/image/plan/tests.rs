use super::*;

/// A Dockerfile that holds all that one has to.
pub(crate) const GOOD: &str = r#"
FROM rust:1 AS build
ENV BUILD="cargo rustc --release"
RUN $BUILD
RUN mkdir -p -m 1777 /made/data /made/tmp
FROM scratch
COPY --from=build /made/ /
COPY --from=build /src/target/release/connectors /usr/bin/
COPY config.yml /etc/connectors/
ENV HOME=/data CONNECTORS_CONFIG=/etc/connectors/config.yml
USER 65532:65532
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=60s CMD ["/usr/bin/connectors", "check"]
ENTRYPOINT ["/usr/bin/connectors"]
CMD ["--help"]
"#;

fn plan(text: &str) -> Result<Plan> {
    Plan::of(&Dockerfile::parse(text).unwrap())
}

/// The plan of [`GOOD`].
pub(crate) fn good() -> Plan {
    plan(GOOD).unwrap()
}

#[test]
fn everything_is_read() {
    let good = good();
    assert_eq!(good.build, ["cargo", "rustc", "--release"]);
    assert_eq!(good.folders, [("/made/data".to_owned(), 0o1777), ("/made/tmp".to_owned(), 0o1777)]);
    let copies: Vec<_> =
        good.copies.iter().map(|copy| (copy.is_made, &*copy.sources[0], &*copy.target)).collect();
    let expected = [
        (true, "/made/", "/"),
        (true, "/src/target/release/connectors", "/usr/bin/"),
        (false, "config.yml", "/etc/connectors/"),
    ];
    assert_eq!(copies, expected);
    assert_eq!(good.environment[0], ("HOME".to_owned(), "/data".to_owned()));
    assert_eq!(good.user, (65_532, 65_532));
    assert_eq!((good.entry, good.health[1].as_str()), (vec!["/usr/bin/connectors".to_owned()], "check"));
}

#[test]
fn what_the_check_would_not_follow_is_refused() {
    let cases = [
        ("VOLUME /data", "RUN chmod 1 /x", "RUN chmod 1 /x: the check does not know what it does"),
        ("COPY config.yml", "COPY --chown=1:1 config.yml", "no other flag than --from"),
        ("COPY config.yml /etc/connectors/", "COPY config.yml", "expected SOURCE… TARGET"),
        ("USER 65532:65532", "USER nobody", "expected two numbers"),
        ("USER 65532:65532", "USER 0:65532", "runs as root"),
        ("USER 65532:65532", "", "runs as root"),
        ("ENTRYPOINT [\"/usr/bin/connectors\"]", "ENTRYPOINT connectors", "the image has no shell"),
        ("ENTRYPOINT [\"/usr/bin/connectors\"]", "", "it has no ENTRYPOINT"),
        ("CMD [\"/usr/bin/connectors\", \"check\"]", "NONE", "expected CMD"),
        ("HEALTHCHECK --interval=60s CMD", "LABEL a=b #", "it has no HEALTHCHECK"),
        ("FROM scratch", "FROM debian:12", "built on debian:12, not on scratch"),
        ("ENV BUILD=", "ENV OTHER=", "no stage has ENV BUILD"),
        ("-m 1777", "-m 9", "expected a mode of octal digits"),
    ];
    for (before, after, wanted) in cases {
        assert!(GOOD.contains(before), "{before}");
        let error = plan(&GOOD.replace(before, after)).unwrap_err().to_string();
        assert!(error.contains(wanted), "{after}: {error}");
    }
}

#[test]
fn our_own_dockerfile_is_understood() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let file = Dockerfile::parse(&read("docker/Dockerfile")).unwrap();
    let plan = Plan::of(&file).unwrap();
    assert!(plan.build.iter().any(|word| word == "target-feature=+crt-static"), "{:?}", plan.build);
    let let_through = read(".dockerignore");
    for copy in plan.copies.iter().filter(|copy| !copy.is_made) {
        let first = copy.sources[0].split('/').next().unwrap();
        assert!(
            let_through.lines().any(|line| line == format!("!{first}")),
            "{first} is kept from the build"
        );
    }
    let channel = read("rust-toolchain.toml").split('"').nth(1).map(str::to_owned).unwrap();
    assert!(file.stages[0].base.starts_with(&format!("rust:{channel}-")), "{}", file.stages[0].base);
}
