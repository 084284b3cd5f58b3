import { duration } from '@weir/config'
import { actions, durabilities, recordLevels } from '@weir/contracts'
import { z } from 'zod'
import { parsePattern } from './resource-pattern.ts'

/** Who is meant; the keys of an entry are all demanded together. */
const subjectEntry = z
  .object({
    anyone: z.literal(true).optional(),
    group: z.string().min(1).optional(),
    subject: z.string().min(1).optional(),
    client_id: z.string().min(1).optional(),
    actor: z.string().min(1).optional(),
    issuer: z.string().min(1).optional(),
  })
  .refine((entry) => ['anyone', 'group', 'subject', 'client_id', 'actor'].some((key) => Object.hasOwn(entry, key)), {
    error: 'must say who: anyone, group, subject, client_id or actor',
  })

const idText = 'must be letters, digits, ".", "_" and "-" (at most 100), starting with a letter or digit'
const ruleId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, { error: idText })
  .refine((id) => !/^(policy|session)\./.test(id), { error: 'must not start with policy. or session., which are ours' })

const resourcePattern = z.string().transform((text, context) => {
  const pattern = parsePattern(text)
  if (!('problem' in pattern)) return pattern
  context.issues.push({ code: 'custom', message: pattern.problem, input: text })
  return z.NEVER
})

const profileId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, { error: idText })

const approval = z
  .object({
    approvers: z.array(z.object({ group: z.string().min(1), min: z.int().min(1).default(1) })).min(1),
    hold: duration({ max: '29s' }).prefault('20s'),
    decide_within: duration({ min: '1s' }).prefault('4h'),
    use_within: duration({ min: '1s' }).prefault('1h'),
    grant: z.enum(['once', 'window']).default('once'),
  })
  .transform((given) => ({
    approvers: given.approvers,
    holdMs: given.hold,
    decideWithinMs: given.decide_within,
    useWithinMs: given.use_within,
    grant: given.grant,
  }))

const attributeValue = z.union([z.string(), z.boolean(), z.int()]).transform(String)

const rule = z
  .object({
    id: ruleId,
    description: z.string().min(1).max(500).optional(),
    subjects: z.array(subjectEntry).min(1),
    except_subjects: z.array(subjectEntry).min(1).optional(),
    actions: z.array(z.enum(actions)).min(1),
    resources: z.array(resourcePattern).min(1),
    attributes: z
      .record(z.string().min(1), attributeValue)
      .refine((map) => Object.keys(map).length > 0, { error: 'must not be empty' })
      .optional(),
    effect: z.enum(['allow', 'deny', 'require_approval']),
    approval: approval.optional(),
    mask: z.union([profileId, z.array(profileId).min(1)]).optional(),
    record: z.enum(recordLevels).optional(),
    durability: z.enum(durabilities).optional(),
  })
  .superRefine((given, context) => {
    const refuse = (key: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [key], message, input: key })
    }
    if (given.effect === 'require_approval' && given.approval === undefined) {
      refuse('effect', 'require_approval needs the key "approval" beside it')
    }
    if (given.effect !== 'require_approval' && given.approval !== undefined) {
      refuse('approval', 'belongs to effect: require_approval only')
    }
    if (given.effect !== 'deny') return
    for (const key of ['mask', 'record', 'durability'] as const) {
      if (given[key] !== undefined) refuse(key, 'has no effect on a rule that denies')
    }
  })

export const policySchema = z.object({
  version: z.literal(1),
  defaults: z
    .object({ record: z.enum(recordLevels).default('meta'), durability: z.enum(durabilities).default('buffered') })
    .prefault({}),
  mask_profiles: z.array(profileId).min(1).optional(),
  rules: z.array(rule),
})

export type WrittenPolicy = z.output<typeof policySchema>
export type WrittenRule = z.output<typeof rule>
