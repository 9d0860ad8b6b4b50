import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(dirname(new URL(import.meta.url).pathname), '..')

/** Lints planted files under the project's own rules, in a folder that looks like the project. */
function lint(files: Record<string, string>): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-lint-'))
  try {
    for (const file of ['biome.json', 'package.json', '.gitignore']) copyFileSync(join(root, file), join(folder, file))
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    spawnSync('git', ['init', '-q'], { cwd: folder })
    const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
    const run = spawnSync(process.execPath, [biome, 'lint', 'src'], { cwd: folder, encoding: 'utf8' })
    return { status: run.status, output: run.stdout + run.stderr }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('clean files pass the rules', () => {
  const { status, output } = lint({ 'src/fhir/a.ts': 'export const a = 1\n' })
  assert.equal(status, 0, output)
})

test('an import cycle fails the check', () => {
  const { status, output } = lint({
    'src/fhir/a.ts': "import { b } from './b.ts'\nexport const a = () => b\n",
    'src/fhir/b.ts': "import { a } from './a.ts'\nexport const b = () => a\n",
  })
  assert.notEqual(status, 0)
  assert.match(output, /noImportCycles/)
})

test('an import against the direction of the layers fails the check', () => {
  const { status, output } = lint({
    'src/http/app.ts': 'export const app = 1\n',
    'src/terminology/expand/expand.ts': "import { app } from '../http/app.ts'\nexport const expand = app\n",
  })
  assert.notEqual(status, 0)
  assert.match(output, /noRestrictedImports/)
})

test('rooms of one floor may not import each other', () => {
  const { status, output } = lint({
    'src/rules/rules.ts': 'export const rules = 1\n',
    'src/structure-map/maps.ts': "import { rules } from '../rules/rules.ts'\nexport const maps = rules\n",
  })
  assert.notEqual(status, 0)
  assert.match(output, /noRestrictedImports/)
})

test('publication stands beside evaluation: neither imports the other, nothing below imports either', () => {
  const planted: [string, string][] = [
    ['src/publish/publish.ts', '../evaluate/evaluate.ts'],
    ['src/publish/publish.ts', '../http/app.ts'],
    ['src/evaluate/evaluate.ts', '../publish/publish.ts'],
    ['src/rules/rules.ts', '../publish/publish.ts'],
    ['src/packages/load.ts', '../publish/publish.ts'],
    ['src/storage/find-artefacts.ts', '../publish/publish.ts'],
  ]
  for (const [file, target] of planted) {
    const { status, output } = lint({ [file]: `import { a } from '${target}'\nexport const b = a\n` })
    assert.notEqual(status, 0, `${file} ${target}`)
    assert.match(output, /noRestrictedImports/)
  }
  const allowed = lint({ 'src/publish/publish.ts': "import { a } from '../rules/rules.ts'\nexport const b = a\n" })
  assert.equal(allowed.status, 0, allowed.output)
})

test('job processes know FHIR alone: nothing above comes in, storage and FHIR do without them', () => {
  const planted: [string, string][] = [
    ['src/workers/pool.ts', '../rules/rules.ts'],
    ['src/workers/pool.ts', '../http/app.ts'],
    ['src/workers/pool.ts', '../storage/storage.ts'],
    ['src/storage/sqlite/sqlite.ts', '../workers/pool.ts'],
    ['src/base/regex.ts', '../workers/pool.ts'],
  ]
  for (const [file, target] of planted) {
    const { status, output } = lint({ [file]: `import { a } from '${target}'\nexport const b = a\n` })
    assert.notEqual(status, 0, `${file} ${target}`)
    assert.match(output, /noRestrictedImports/)
  }
  const allowed = lint({
    'src/workers/pool.ts': "import { a } from '../fhir/error.ts'\nexport const b = a\n",
    'src/rules/rules.ts': "import { b } from '../workers/pool.ts'\nexport const c = b\n",
  })
  assert.equal(allowed.status, 0, allowed.output)
})

test('an outside package may be imported by its owner alone', () => {
  const { status, output } = lint({
    'src/terminology/expand/expand.ts': "import express from 'express'\nexport const expand = express\n",
  })
  assert.notEqual(status, 0)
  assert.match(output, /express belongs to http/)
})

test('a function of 80 lines fails the check', () => {
  const body = Array.from({ length: 80 }, (_, line) => `  total += ${line}`).join('\n')
  const { status, output } = lint({
    'src/fhir/long.ts': `export function long(): number {\n  let total = 0\n${body}\n  return total\n}\n`,
  })
  assert.notEqual(status, 0)
  assert.match(output, /noExcessiveLinesPerFunction/)
})
