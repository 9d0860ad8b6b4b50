/** Imports of releases that are killed (-9), again and again: nothing half imported counts, what was there answers, what was left goes. */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeRelease } from '../../../../bench/support/rf2-release.ts'
import { readConfig } from '../../../../src/config.ts'
import type { Parameters } from '../../../../src/fhir/types.ts'
import { createServer } from '../../../../src/server.ts'
import { makeZip } from '../../../packages/vocabularies/make-zip.ts'
import { answer, parameters } from '../../../terminology/support.ts'
import { sampleFiles } from '../../../terminology/vocabularies/loinc/sample.ts'

const root = resolve(import.meta.dirname, '../../../..')

/** When an import is killed: after that part of the time which the last one of its vocabulary took, or as soon as that is there. */
export type Moment =
  | { after: number }
  /** Its archive is being unpacked, its index is being written, everything is written, the index has its name. */
  | { at: 'unpacking' | 'writing' | 'written' | 'named' }

/** What came of killed imports. */
export interface ImportKills {
  rounds: number
  /** Imports that were killed; others had ended before. */
  killed: number
  /** Of them those whose release was there all the same: it had been stored, and nobody could be told. */
  unspoken: number
  faults: string[]
}

interface Vocabulary {
  option: string
  system: string
  code: string
  old: { path: string; version: string }
  next: { path: string; version: string }
}

/** Kills imports at those moments, of SNOMED CT and LOINC in turn. */
export async function killImports(moments: readonly Moment[], { concepts = 400 } = {}): Promise<ImportKills> {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-kill-imports-'))
  const report: ImportKills = { rounds: moments.length, killed: 0, unspoken: 0, faults: [] }
  try {
    const vocabularies = releases(folder, concepts).slice(0, moments.length)
    const bed = new Bed(folder)
    for (const each of vocabularies) await bed.importWhole(each.option, each.old.path)
    bed.keep()
    for (const [round, moment] of moments.entries()) {
      const vocabulary = vocabularies[round % vocabularies.length]
      if (!vocabulary) break
      const fault = (text: string) => report.faults.push(`round ${round}, ${vocabulary.option}: ${text}`)
      if (await bed.importKilled(vocabulary, moment)) report.killed++
      const isThere = await bed.look(vocabulary, fault)
      if (isThere) report.unspoken++
      // The next start tidies up and does the whole of it.
      await bed.importWhole(vocabulary.option, vocabulary.next.path)
      for (const left of bed.left()) fault(`${left} was left`)
      if (!(await bed.look(vocabulary, fault))) fault('the import after it did not make the new release')
      bed.restore()
    }
    return report
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Two imports of one release at once, in processes of their own: what is wrong afterwards. */
export async function importTwice(concepts = 400): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-import-twice-'))
  const faults: string[] = []
  try {
    const bed = new Bed(folder)
    for (const each of releases(folder, concepts)) {
      await bed.importWhole(each.option, each.old.path)
      await Promise.all([1, 2].map(() => bed.importWhole(each.option, each.next.path)))
      const fault = (text: string) => faults.push(`${each.option}: ${text}`)
      if (!(await bed.look(each, fault))) fault('the new release is not there')
      for (const left of bed.left()) fault(`${left} was left`)
    }
    return faults
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Two releases of each vocabulary, as archives. */
function releases(folder: string, concepts: number): Vocabulary[] {
  const zipped = (name: string, files: { name: string; content: string | Uint8Array }[]) => {
    const path = join(folder, name)
    writeFileSync(path, makeZip(files))
    return path
  }
  const rf2 = (date: number) => {
    const { version } = writeRelease(join(folder, String(date)), { concepts, date })
    return { path: join(folder, String(date)), version }
  }
  const loinc = (version: string) => ({
    path: zipped(
      `Loinc_${version}.zip`,
      Object.entries(sampleFiles()).map(([name, content]) => ({ name, content })),
    ),
    version,
  })
  return [
    {
      option: '--loinc',
      system: 'http://loinc.org',
      code: '90000001-1',
      old: loinc('2.82'),
      next: loinc('2.83'),
    },
    {
      option: '--snomed',
      system: 'http://snomed.info/sct',
      code: '404684003',
      old: rf2(20250301),
      next: rf2(20250901),
    },
  ]
}

/** A store, and where imports put what must wait. */
class Bed {
  readonly #data: string
  readonly #kept: string
  readonly #work: string
  /** What the last whole import of a vocabulary took: a machine may be fast or busy. */
  readonly #took = new Map<string, number>()

  constructor(folder: string) {
    this.#data = join(folder, 'data')
    this.#kept = join(folder, 'kept')
    this.#work = join(folder, 'work')
    mkdirSync(this.#work)
  }

  /** The state that every round begins with. */
  keep(): void {
    cpSync(this.#data, this.#kept, { recursive: true })
  }

  restore(): void {
    rmSync(this.#data, { recursive: true, force: true })
    cpSync(this.#kept, this.#data, { recursive: true })
  }

  #import(option: string, path: string) {
    const child = spawn(process.execPath, ['src/main.ts', 'import', option, path], {
      cwd: root,
      env: { PATH: process.env.PATH ?? '', DATA_DIR: this.#data, TMPDIR: this.#work },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    const ended = new Promise<string>((done) => {
      child.on('close', (code, signal) => done(`${signal ?? code}`))
    })
    return { child, ended, said: () => said }
  }

  async importWhole(option: string, path: string): Promise<void> {
    const start = performance.now()
    const { ended, said } = this.#import(option, path)
    const how = await ended
    this.#took.set(option, performance.now() - start)
    if (how !== '0') throw new Error(`import ${option} ended with ${how}: ${said()}`)
  }

  /** Whether it was killed before it had ended. */
  async importKilled({ option, next }: Vocabulary, moment: Moment): Promise<boolean> {
    const before = this.#indexes()
    const { child, ended } = this.#import(option, next.path)
    let isOver = false
    void ended.finally(() => {
      isOver = true
    })
    if ('after' in moment) await Promise.race([sleep(moment.after * (this.#took.get(option) ?? 0)), ended])
    else while (!isOver && !this.#isAt(moment.at, before)) await sleep(1)
    child.kill('SIGKILL')
    return (await ended) === 'SIGKILL'
  }

  #indexes(): string[] {
    const folder = join(this.#data, 'code-systems')
    return existsSync(folder) ? readdirSync(folder) : []
  }

  #isAt(moment: 'unpacking' | 'writing' | 'written' | 'named', before: readonly string[]): boolean {
    const made = this.#indexes().filter((name) => !before.includes(name))
    const inWork = made.filter((name) => name.startsWith('.'))
    switch (moment) {
      case 'unpacking':
        return readdirSync(this.#work).length > 0 || inWork.length > 0
      case 'writing':
        return inWork.length > 0
      case 'written':
        return (
          made.length > inWork.length ||
          inWork.some((name) => existsSync(join(this.#data, 'code-systems', name, 'manifest.json')))
        )
      case 'named':
        return made.length > inWork.length
    }
  }

  /** What nobody works on any more. */
  left(): string[] {
    return [...readdirSync(this.#work), ...this.#indexes().filter((name) => name.startsWith('.'))]
  }

  /**
   * Asks the store as a server would: the old release must answer, and the new one too where it is there, wholly.
   * @returns whether the new one is there
   */
  async look({ system, code, old, next }: Vocabulary, fault: (text: string) => void): Promise<boolean> {
    const server = await createServer(readConfig({ DATA_DIR: this.#data, ACCESS_LOG: 'off', LOG_LEVEL: 'error' }))
    try {
      const asked = (version?: string) =>
        server.terminology.lookup(parameters({ system, code, ...(version !== undefined && { version }) }))
      const failed = (error: unknown) => ({ failed: error instanceof Error ? error.message : String(error) })
      const isAnswer = (reply: Parameters | { failed: string }): reply is Parameters => !('failed' in reply)
      const [first, second, newest] = await Promise.all(
        [old.version, next.version, undefined].map((version) => asked(version).catch(failed)),
      )
      if (!first || !second || !newest) return false
      if (!isAnswer(first)) fault(`the old release does not answer: ${first.failed}`)
      else if (answer(first, 'version') !== old.version) fault(`the old release says ${answer(first, 'version')}`)
      if (!isAnswer(second) && !/not|unknown/i.test(second.failed))
        fault(`the new release is half there: ${second.failed}`)
      const isThere = isAnswer(second)
      const wanted = isThere ? next.version : old.version
      if (!isAnswer(newest)) fault(`no release answers: ${newest.failed}`)
      else if (answer(newest, 'version') !== wanted) fault(`${answer(newest, 'version')} answers instead of ${wanted}`)
      return isThere
    } finally {
      await server.close()
    }
  }
}
