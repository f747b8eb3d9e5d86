use super::super::tests::Place;
use super::*;

/// A machine with a JDK of this version, and a Maven Central that has everything.
fn machine(java: &str) -> Place {
    let place = Place::new()
        .program(
            "mvn",
            "for word; do folder=${word#-DoutputDirectory=}; done; mkdir -p $folder; touch $folder/it.zip",
        )
        .program("chmod", "")
        .program("unzip", "mkdir -p \"$4/$(basename \"$2\" .zip)/bin\"");
    with_jdk(&place, "jdk", java);
    let home = place.path("jdk").display().to_string();
    place.variable("JAVA_HOME", &home)
}

fn with_jdk(place: &Place, folder: &str, version: &str) {
    let home = place.path(folder);
    fs::create_dir_all(home.join("bin")).unwrap();
    fs::write(home.join("bin/javac"), "").unwrap();
    fs::write(home.join("release"), format!("IMPLEMENTOR=\"us\"\nJAVA_VERSION=\"{version}\"\n")).unwrap();
}

#[tokio::test]
async fn the_distribution_is_unpacked_once() {
    let place = machine("25.0.1");
    let fetch = || fetch_elasticsearch(place.machine.clone(), place.path("dir"));
    let installed = fetch().await.unwrap();
    assert_eq!(installed.program, place.path("dir/elasticsearch-9.5.3/bin/elasticsearch"));
    assert_eq!(
        (installed.version.as_str(), &installed.values),
        ("9.5.3", &vec![("{java}", place.path("jdk"))])
    );
    assert!(place.path("dir/elasticsearch-9.5.3/bin").is_dir() && !place.path("dir/download").exists());
    let calls = place.calls();
    assert!(calls[0].contains("elasticsearch:9.5.3:zip -DoutputDirectory=/W/dir/download"), "{calls:?}");
    assert_eq!(calls[1], "unzip -qo /W/dir/download/elasticsearch-9.5.3.zip -d /W/dir/download");
    assert_eq!(calls[2], "chmod -R a+rX /W/dir/download");
    assert_eq!((fetch().await.unwrap(), place.calls().len()), (installed, 3));
}

#[tokio::test]
async fn the_jars_of_opensearch_are_gathered_once() {
    let place = machine("25.0.1");
    let fetch = || fetch_opensearch(place.machine.clone(), place.path("dir"));
    let installed = fetch().await.unwrap();
    let home = place.path("dir/opensearch-3.5.0");
    assert_eq!(
        (&installed.program, &installed.values),
        (&place.path("jdk/bin/java"), &vec![("{home}", home.clone())])
    );
    assert!(fs::read_to_string(home.join("Node.java")).unwrap().contains("class Node"));
    assert!(fs::read_to_string(home.join("pom.xml")).unwrap().contains(RUNNER) && home.join("lib").is_dir());
    assert_eq!((fetch().await.unwrap(), place.calls().len()), (installed, 1));
}

#[tokio::test]
async fn the_named_jdk_comes_first_then_the_newest_and_what_is_none_is_left_out() {
    let place = machine("22.0.1+8");
    for (folder, version) in
        [("jvm/a", "17.0.15"), ("jvm/b", "25"), ("jvm/c", "21-ea"), ("jvm/broken", "x"), ("jvm/jre", "26")]
    {
        with_jdk(&place, folder, version);
    }
    fs::remove_file(place.path("jvm/jre/bin/javac")).unwrap();
    let found = jdks(&place.machine, &place.path("jvm"));
    assert_eq!(found.iter().map(|(_, major)| *major).collect::<Vec<_>>(), [22, 25, 21, 17]);
    assert_eq!(newest_of(&found, 21), Some(place.path("jdk")));
    assert_eq!(newest_of(&found, 23), Some(place.path("jvm/b")));
    assert_eq!(newest_of(&found, 26), None);
}

#[tokio::test]
async fn a_jdk_is_installed_where_all_are_too_old_and_without_any_the_error_tells_which() {
    let place = machine("11.0.2").root();
    let told = java(&place.machine, &place.path("jvm"), 21).await.unwrap_err().to_string();
    assert!(
        told.starts_with("a JDK 21 or newer is needed, JAVA_HOME and ") && told.contains(" have [11]; "),
        "{told}"
    );
    assert!(told.contains("apt-get install openjdk-21-jdk-headless"), "{told}");
    with_jdk(&place, "package", "25.0.1");
    let (from, to) = (place.path("package"), place.path("jvm/new"));
    let install = format!(
        "[ $3 != install ] || {{ mkdir -p '{}'; cp -r '{}' '{}'; }}",
        place.path("jvm").display(),
        from.display(),
        to.display()
    );
    let place = place.variable("CONNECTORS_INSTALL", "1").program("env", &install);
    assert_eq!(java(&place.machine, &place.path("jvm"), 21).await.unwrap(), to);
}
