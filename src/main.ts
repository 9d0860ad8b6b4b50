#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { resolveOwnModules } from './cli/start/own-modules.ts'
import { keepHeapSmall, keepYoungGeneration } from './cli/start/young-generation.ts'

// A verdict by a kit is to be there at once, a server soon, and whatever else is asked for a little sooner.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/vidimus'))
resolveOwnModules()
const [, , command, next] = process.argv
if (command === 'import' && process.argv.some((each) => /^--(?:snomed|loinc|icd-11)$/.test(each))) keepHeapSmall()

/** The command line of a few commands loads what these need. */
function commandLine() {
  const isByKit = command === 'evaluate' && process.argv.some((each) => each === '--kit' || each.startsWith('--kit='))
  if (isByKit || (command === 'kit' && next === 'evaluate')) return import('./cli/kit/quick-command-line.ts')
  if (command !== 'serve') return import('./cli/command-line.ts')
  keepYoungGeneration()
  return import('./cli/start/serve-command-line.ts')
}

const { runCommandLine } = await commandLine()
process.exitCode = await runCommandLine(process.argv)
