import type { Texts } from '../texts.ts'
import { catalogue } from './catalogue.ts'
import { manual } from './manual.ts'
import { scan } from './scan.ts'
import { shell } from './shell.ts'
import { status } from './status.ts'
import { trust } from './trust.ts'
import { verify } from './verify.ts'
import { workbench } from './workbench.ts'

/** The texts of this language. */
export const texts: Texts = { shell, verify, scan, catalogue, workbench, trust, status, manual }
