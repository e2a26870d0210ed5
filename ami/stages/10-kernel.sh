#!/usr/bin/env bash
# One kernel: the newest of its series for which the modules of NVIDIA and of Lustre exist.
# The kernel that runs during the bake is another one, so nothing here asks for it.
# shellcheck source=../lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/common.sh"
only ubuntu-24.04
need kernel.meta nvidia.branch flavour

# Print the names of packages, without the part before the version of the kernel.
kernels_of() {
    apt-cache search --names-only "^${1}[0-9].*-aws\$" | cut -d ' ' -f 1 | sed "s/^$1//" | sort -u
}

choose() {
    local branch driver series prefix nvidia lustre
    branch=$(value nvidia.branch)
    nvidia=$(mktemp)
    lustre=$(mktemp)
    quietly retry 5 10 apt_get update
    series=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
        --no-enhances "$(value kernel.meta)" 2>>"$log" | grep -oE 'linux-image-[0-9.]+-[0-9]+-aws' | sort -V | tail -n 1 |
        sed -E 's/linux-image-([0-9.]+)-.*/\1/') || true
    [ -n "$series" ] || refuse "image.yaml: kernel.meta: $(value kernel.meta) is no package that leads to a kernel for AWS"
    driver=$(apt-cache policy "nvidia-kernel-common-$branch-server" | awk '$1 == "Candidate:" { print $2 }')
    [ -n "$driver" ] || refuse "image.yaml: nvidia.branch: Ubuntu's archive has no driver $branch"
    prefix=linux-modules-nvidia-$branch-$(modules_flavour)-
    apt-cache search --names-only "^${prefix}[0-9].*-aws\$" | cut -d ' ' -f 1 |
        xargs -r apt-cache show | kernels_for "${driver%%-*}" >"$nvidia"
    if wanted lustre.repository; then
        kernels_of lustre-client-modules- >"$lustre"
    else
        cp "$nvidia" "$lustre"
    fi
    newest_kernel "$series" "$nvidia" "$lustre" ||
        fail "no kernel $series has the modules of NVIDIA and of Lustre." \
            "Newest with NVIDIA's $driver: $(newest_kernel "$series" "$nvidia" "$nvidia" || echo none)." \
            "Newest with Lustre's: $(newest_kernel "$series" "$lustre" "$lustre" || echo none)." \
            "Wait for the next release of the Lustre client, or remove lustre from image.yaml"
    rm "$nvidia" "$lustre"
}

kernel=$(fact kernel)
if [ -z "$kernel" ] || ! installed "linux-image-$kernel"; then
    kernel=$(choose)
    say "kernel $kernel"
    packages "linux-image-$kernel"
    fact kernel "$kernel"
    : >"$restart"
fi
hold "linux-image-$kernel" "linux-modules-$kernel"

# The other kernels, and the packages that would bring a new one.
mapfile -t others < <(dpkg-query -W -f '${Package}\n' 'linux-*' |
    grep -E '^linux-(aws|virtual|generic|image|headers|modules|tools|cloud-tools)(-|$)' |
    grep -vE -- "-$kernel\$|^linux-tools-common\$")
purge "${others[@]}"
for each in /lib/modules/[0-9]*; do
    [ "$each" = "/lib/modules/$kernel" ] || rm -r "$each"
done
finish
