/** ICD-11 MMS as the core data set writes it. */
const ICD_11 = 'http://id.who.int/icd11/mms'

/** As HL7 and WHO's releases name it: the same system. */
const RELEASE = 'http://id.who.int/icd/release/11/mms'

/** A code system under one name, of those that certificates give it. */
export const oneSystem = (system: string): string => (system === RELEASE ? ICD_11 : system)
