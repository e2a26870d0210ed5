# shellcheck shell=dash
# Caches do not belong on a home that is a network file system: they are slow there, and cost money.
if [ -n "${HOME:-}" ] && [ -d "$HOME" ]; then
    case $(stat -f -c %T "$HOME" 2>/dev/null) in
    nfs* | lustre)
        XDG_CACHE_HOME=/var/tmp/cache-$(id -u)
        if mkdir -m 700 "$XDG_CACHE_HOME" 2>/dev/null || { [ -O "$XDG_CACHE_HOME" ] && [ ! -L "$XDG_CACHE_HOME" ]; }; then
            export XDG_CACHE_HOME
        else
            unset XDG_CACHE_HOME
        fi
        ;;
    esac
fi
