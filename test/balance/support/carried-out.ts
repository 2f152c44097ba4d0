import type { BalanceInput, BalancePlan } from '../../../src/chassis/balance.ts';

/** The box as it is once the plan is carried out. */
export function carriedOut(input: BalanceInput, plan: BalancePlan): BalanceInput {
  const to = new Map(plan.moves.map((move) => [move.id, move.to]));
  return {
    ...input,
    sessions: input.sessions.map((session) => ({ ...session, slot: to.get(session.id) ?? session.slot })),
  };
}
