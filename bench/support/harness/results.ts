/** The file of a run: what was measured, where and when, so that another run can be held against it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import product from '../../../package.json' with { type: 'json' }
import type { Figure } from './figure.ts'
import type { BaselineFound } from './measure.ts'

/** Raised when files of before can no longer be compared. */
const formatVersion = 1
const format = 'vidimus-bench'

/** What a section came to. */
export interface SectionResult {
  name: string
  /** `skipped`: it says itself why it has no figures; `failed`: it could not be measured. */
  status: 'measured' | 'failed' | 'skipped'
  /** Why it failed or was skipped. */
  reason?: string
  seconds: number
  baselines: BaselineFound[]
  figures: Figure[]
}

/** One run. */
export interface Results {
  format: typeof format
  formatVersion: number
  software: string
  node: string
  machine: { processor: string; processors: number; platform: string }
  taken: string
  isQuick: boolean
  sections: SectionResult[]
}

/** A run of this machine, of now. */
export function resultsOf(sections: SectionResult[], isQuick: boolean): Results {
  const processors = cpus()
  return {
    format,
    formatVersion,
    software: `${product.name} ${product.version}`,
    node: process.version,
    machine: {
      processor: processors[0]?.model ?? 'unknown',
      processors: processors.length,
      platform: `${process.platform} ${process.arch}`,
    },
    taken: new Date().toISOString(),
    isQuick,
    sections,
  }
}

/** Writes it. @throws Error when the file cannot be written */
export function writeResults(path: string, results: Results): void {
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`)
}

/** @throws Error that says what is wrong with the file: it is not there, no JSON, of something else, of another version */
export function readResults(path: string): Results {
  let read: unknown
  try {
    read = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Error(`${path} cannot be read as results: ${error instanceof Error ? error.message : String(error)}`)
  }
  const fault = faultOf(read)
  if (fault) throw new Error(`${path} cannot be compared: ${fault}`)
  return read as Results
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function faultOf(read: unknown): string | undefined {
  if (!isObject(read) || read.format !== format) return 'it is no file that "npm run bench -- --json" wrote'
  if (read.formatVersion !== formatVersion)
    return `it has version ${String(read.formatVersion)} of the format; this software writes ${formatVersion}: measure again with the software of then`
  if (typeof read.isQuick !== 'boolean') return 'it does not say whether it was quick'
  if (!Array.isArray(read.sections)) return 'it has no sections'
  const names = new Set<unknown>()
  for (const each of read.sections) {
    const fault = sectionFault(each)
    if (fault) return fault
    if (names.has(each.name)) return `it has the section ${String(each.name)} twice`
    names.add(each.name)
  }
  return undefined
}

function sectionFault(section: unknown): string | undefined {
  if (!isObject(section) || typeof section.name !== 'string') return 'a section has no name'
  const at = `section ${section.name}`
  if (!['measured', 'failed', 'skipped'].includes(String(section.status))) return `${at} has no status that is known`
  if (!Array.isArray(section.figures) || !Array.isArray(section.baselines)) return `${at} has no figures`
  if (section.baselines.some((each) => !isObject(each) || !isFinitely(each.noise))) return `${at} has a bad baseline`
  return figuresFault(section.figures, at)
}

const isFinitely = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

/** What is wrong with the figures of a section, read from a file or made by one. */
export function figuresFault(figures: unknown, at: string): string | undefined {
  if (!Array.isArray(figures)) return `${at} answered no list of figures`
  const names = new Set<string>()
  for (const figure of figures) {
    if (!isObject(figure) || typeof figure.name !== 'string' || figure.name === '')
      return `${at} has a figure without a name`
    const named = `${at}, "${figure.name}"`
    if (names.has(figure.name)) return `${named} is there twice`
    names.add(figure.name)
    const fault = typeof figure.value === 'string' ? toldFault(figure) : measuredFault(figure)
    if (fault) return `${named} ${fault}`
  }
  return undefined
}

const toldFault = ({ target }: Record<string, unknown>) => (typeof target === 'string' ? undefined : 'has no target')

function measuredFault(figure: Record<string, unknown>): string | undefined {
  const { value, unit, better, noise, ratio, tolerance, grain } = figure
  if (!isFinitely(value)) return `is ${String(value)}, not a number`
  if (typeof unit !== 'string') return 'has no unit'
  if (better !== 'lower' && better !== 'higher') return 'does not say what is better'
  if (!isFinitely(noise) || noise < 0) return 'has no noise'
  for (const each of [tolerance, grain])
    if (each !== undefined && !(isFinitely(each) && each >= 0)) return 'has a bad tolerance or grain'
  if (ratio === undefined) return undefined
  if (!isObject(ratio) || typeof ratio.of !== 'string') return 'has a ratio to nothing'
  return isFinitely(ratio.value) && isFinitely(ratio.noise) && ratio.noise >= 0 ? undefined : 'has a bad ratio'
}
