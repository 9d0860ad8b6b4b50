import { catalogue as english } from '../en/catalogue.ts'
import type { Texts } from '../texts.ts'

/** Texts of the view catalogue. */
export const catalogue: Texts['catalogue'] = english
