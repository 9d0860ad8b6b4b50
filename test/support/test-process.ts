/**
 * Loaded first in every process of `npm test`; it changes what a process costs, never what it tests.
 *
 * Modules: what V8 compiled of them, types stripped, is kept beside that of the program (src/main.ts); each of some six hundred processes
 * compiled the same server. Not where coverage is counted, which needs every function compiled anew.
 */
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { knowCurrentTestByContext } from './current-test.ts'

if (!process.env.NODE_V8_COVERAGE) enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/vidimus'))
knowCurrentTestByContext()
