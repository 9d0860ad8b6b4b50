import type { CheckName } from '../credentials/credential-format.ts'
import type { Decision } from '../evaluate/evaluation.ts'

/** What the command line says around an evaluation, in one language; messages of rules come in theirs, details of checks in English. */
export interface Labels {
  decisions: Record<Decision, string>
  checks: Record<CheckName, string>
  facts: Record<'format' | 'issuer' | 'key' | 'name' | 'birthDate' | 'identifier' | 'maps', string>
  outcomes: Record<'true' | 'false' | 'undetermined', string>
  severities: Record<'fatal' | 'error' | 'warning' | 'information', string>
  status: string
  at: string
  participant: string
  from: string
  headings: Record<'checks' | 'rules' | 'notes', string>
  noRule: string
  /** Of a rule on which the decision does not rest. */
  informs: string
}

const english: Labels = {
  decisions: {
    accepted: 'ACCEPTED',
    rejected: 'REJECTED',
    undetermined: 'UNDETERMINED',
    unverified: 'UNVERIFIED',
  },
  checks: {
    recognise: 'recognise',
    encoding: 'encoding',
    compression: 'compression',
    envelope: 'envelope',
    payload: 'payload',
    key: 'key',
    signature: 'signature',
    'key-validity': 'key-validity',
    'key-usage': 'key-usage',
    'validity-period': 'validity-period',
    revocation: 'revocation',
  },
  facts: {
    format: 'format',
    issuer: 'issuer',
    key: 'key',
    name: 'name',
    birthDate: 'birth date',
    identifier: 'identifier',
    maps: 'maps',
  },
  outcomes: { true: 'true', false: 'false', undetermined: 'undetermined' },
  severities: { fatal: 'fatal', error: 'error', warning: 'warning', information: 'information' },
  status: 'status',
  at: 'at',
  participant: 'participant',
  from: 'from',
  headings: { checks: 'Checks', rules: 'Rules', notes: 'Notes' },
  noRule: 'No rule applied.',
  informs: 'for information',
}

const french: Labels = {
  decisions: {
    accepted: 'ACCEPTÉ',
    rejected: 'REFUSÉ',
    undetermined: 'INDÉTERMINÉ',
    unverified: 'NON VÉRIFIÉ',
  },
  checks: {
    recognise: 'format reconnu',
    encoding: 'encodage',
    compression: 'compression',
    envelope: 'enveloppe',
    payload: 'contenu',
    key: 'clé',
    signature: 'signature',
    'key-validity': 'validité de la clé',
    'key-usage': 'usage de la clé',
    'validity-period': 'période de validité',
    revocation: 'révocation',
  },
  facts: {
    format: 'format',
    issuer: 'émetteur',
    key: 'clé',
    name: 'nom',
    birthDate: 'date de naissance',
    identifier: 'identifiant',
    maps: 'transformations',
  },
  outcomes: { true: 'vrai', false: 'faux', undetermined: 'indéterminé' },
  severities: { fatal: 'fatal', error: 'erreur', warning: 'avertissement', information: 'information' },
  status: 'statut',
  at: 'au',
  participant: 'participant',
  from: 'de',
  headings: { checks: 'Contrôles', rules: 'Règles', notes: 'Remarques' },
  noRule: 'Aucune règle ne s’applique.',
  informs: 'pour information',
}

const spanish: Labels = {
  decisions: {
    accepted: 'ACEPTADO',
    rejected: 'RECHAZADO',
    undetermined: 'INDETERMINADO',
    unverified: 'NO VERIFICADO',
  },
  checks: {
    recognise: 'formato reconocido',
    encoding: 'codificación',
    compression: 'compresión',
    envelope: 'envoltura',
    payload: 'contenido',
    key: 'clave',
    signature: 'firma',
    'key-validity': 'validez de la clave',
    'key-usage': 'uso de la clave',
    'validity-period': 'período de validez',
    revocation: 'revocación',
  },
  facts: {
    format: 'formato',
    issuer: 'emisor',
    key: 'clave',
    name: 'nombre',
    birthDate: 'fecha de nacimiento',
    identifier: 'identificador',
    maps: 'transformaciones',
  },
  outcomes: { true: 'verdadero', false: 'falso', undetermined: 'indeterminado' },
  severities: { fatal: 'fatal', error: 'error', warning: 'advertencia', information: 'información' },
  status: 'estado',
  at: 'a fecha de',
  participant: 'participante',
  from: 'de',
  headings: { checks: 'Controles', rules: 'Reglas', notes: 'Notas' },
  noRule: 'Ninguna regla se aplica.',
  informs: 'a título informativo',
}

const portuguese: Labels = {
  decisions: {
    accepted: 'ACEITO',
    rejected: 'RECUSADO',
    undetermined: 'INDETERMINADO',
    unverified: 'NÃO VERIFICADO',
  },
  checks: {
    recognise: 'formato reconhecido',
    encoding: 'codificação',
    compression: 'compressão',
    envelope: 'envelope',
    payload: 'conteúdo',
    key: 'chave',
    signature: 'assinatura',
    'key-validity': 'validade da chave',
    'key-usage': 'uso da chave',
    'validity-period': 'período de validade',
    revocation: 'revogação',
  },
  facts: {
    format: 'formato',
    issuer: 'emissor',
    key: 'chave',
    name: 'nome',
    birthDate: 'data de nascimento',
    identifier: 'identificador',
    maps: 'transformações',
  },
  outcomes: { true: 'verdadeiro', false: 'falso', undetermined: 'indeterminado' },
  severities: { fatal: 'fatal', error: 'erro', warning: 'aviso', information: 'informação' },
  status: 'estado',
  at: 'em',
  participant: 'participante',
  from: 'de',
  headings: { checks: 'Verificações', rules: 'Regras', notes: 'Observações' },
  noRule: 'Nenhuma regra se aplica.',
  informs: 'a título informativo',
}

const languages: Record<string, Labels> = { en: english, fr: french, es: spanish, pt: portuguese }

/** Labels of the first language of an Accept-Language header that there are labels in; else English ones. */
export function labelsFor(language = ''): Labels {
  const tags = language.split(',').map((tag) => tag.trim().toLowerCase().split(/[-;]/)[0] ?? '')
  const known = tags.find((tag) => Object.hasOwn(languages, tag))
  return (known === undefined ? undefined : languages[known]) ?? english
}
