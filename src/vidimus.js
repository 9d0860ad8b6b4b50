#!/usr/bin/env node
// The way in, in plain JavaScript: a first file in TypeScript would have Node load its compiler for it, 6 MB of text and program that
// stay in memory as long as the process does. All others have been stripped of their types already and come from the cache.
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/vidimus'))
await import('./main.ts')
