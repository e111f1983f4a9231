import type { z } from 'zod';
import type { AgentCall } from './agent-calls.ts';
import {
  taskAddCall,
  taskClaimCall,
  taskDoneCall,
  taskFailCall,
  taskPhaseDoneCall,
  taskShowCall,
} from './task-calls.ts';
import type { taskInput } from './task-requests.ts';

/** The call that an action of the tool `task` stands for, or which field it lacks: a sentence. */
export function readTaskTool(given: z.output<typeof taskInput>): AgentCall | string {
  const { action, id, for: agent, title, brief = '', phases, key, phase, output, reason } = given;
  const SHORT = { short: true };
  if (action === 'claim') return taskClaimCall(SHORT);
  if (action === 'add') {
    if (agent === undefined || title === undefined) return 'add needs `for` (an agent) and `title`';
    return taskAddCall({ for: agent, title, brief, phases, key });
  }
  if (id === undefined) return `${action} needs \`id\`, the number of the task`;
  switch (action) {
    case 'show':
      return taskShowCall(id, phase, SHORT);
    case 'done':
      return taskDoneCall(id);
    case 'phase-done':
      return output === undefined
        ? 'phase-done needs `output`: what the phase gave, whole'
        : taskPhaseDoneCall(id, output);
    case 'fail':
      return reason === undefined ? 'fail needs `reason`: why it cannot be done' : taskFailCall(id, reason);
  }
}
