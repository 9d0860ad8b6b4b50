#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// A verdict by a kit is to be there at once, and whatever else is asked for a little sooner.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/vidimus'))
const [, , command, next] = process.argv
const isByKit = command === 'evaluate' && process.argv.some((each) => each === '--kit' || each.startsWith('--kit='))
const { runCommandLine } =
  isByKit || (command === 'kit' && next === 'evaluate')
    ? await import('./cli/kit/quick-command-line.ts')
    : await import('./cli/command-line.ts')

process.exitCode = await runCommandLine(process.argv)
