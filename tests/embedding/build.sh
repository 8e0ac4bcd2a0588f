#!/usr/bin/env bash
# Builds each documentation site with its own tool, into target/embedding/sites/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

root=$PWD
sources=tests/embedding
tools=$root/target/embedding/python/bin
out=$root/target/embedding/sites

rm -rf "$out" && mkdir -p "$out"
# The extensions are imported where they are, and leave nothing there.
export PYTHONDONTWRITEBYTECODE=1 NO_MKDOCS_2_WARNING=1

cp -R "$sources/plain" "$out/plain"
PATH="$(dirname "${VITRINE:-$root/target/native/vitrine}"):$PATH" "$tools/mdbook" build "$sources/mdbook" --dest-dir "$out/mdbook"
"$tools/mkdocs" build --strict --config-file "$sources/mkdocs/mkdocs.yml" --site-dir "$out/mkdocs"
for builder in html text; do
    "$tools/sphinx-build" -q -W -b "$builder" -d target/embedding/doctrees "$sources/sphinx" "$out/sphinx-$builder"
done
PYTHONPATH="$root/www/integrations" "$tools/jupyter" nbconvert --to html --execute \
    --output-dir "$out/jupyter" "$sources/jupyter/notebook.ipynb"
# What the tool generates between its steps belongs to no repository.
(
    cd "$sources/docusaurus"
    DOCUSAURUS_GENERATED_FILES_DIR_NAME=node_modules/.generated DOCUSAURUS_NO_UPDATE_NOTIFIER=1 \
        node_modules/.bin/docusaurus build --out-dir "$out/docusaurus"
)
