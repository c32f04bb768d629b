"""English: backup, health check and export, for whoever runs the program."""

SENTENCES = {
    "backup.missing": "There is no backup file {path}.",
    "backup.exists": "{path} is there already; choose another name, or replace it with --force.",
    "backup.unreadable": "{path} is no backup, or is damaged ({problem}); nothing was changed.",
    "backup.cut": "{path} is incomplete, perhaps a copy that was cut off; nothing was changed: use another one.",
    "backup.changed": "{member} in {path} is not what was backed up: damaged or altered; nothing was changed.",
    "backup.format": "{path} was made by another version of Secretary ({program}) that this one cannot read; restore it with that version.",
    "backup.newer": "A newer version of the program made {path} (database version {found}; this program knows up to {known}): restore it with the newer Secretary.",
    "backup.occupied": "{place} holds data already; back it up first, and add --force to replace it.",
    "backup.in_use": "A Secretary is still using the database {place}; stop all of them before restoring.",
    "backup.running": "`secretary run` (process {pid}) is using {path}; stop it before restoring.",
    "backup.done": "Backed up to {path}: {documents} documents, {passages} passages, {exchanges} exchanges, {annotations} annotations, {uploads} uploaded files.",
    "backup.lost": "The vector store has lost {count} passages, and so has this backup; run `secretary sources verify` and back up again.",
    "backup.restored": "Restored the backup of {made}: {documents} documents, {passages} passages, {exchanges} exchanges, {annotations} annotations, {uploads} uploaded files.",
}
