/** The files of deploy/ are parsed and compared with each other and with the program; no cluster is at hand in tests. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseHealthAddress } from '../../../src/cli/health-server.js';

const deploy = join(import.meta.dirname, '..', '..', '..', 'deploy');
const textOf = (name: string): string => readFileSync(join(deploy, name), 'utf8');

function documentsOf(name: string): unknown[] {
  return parseAllDocuments(textOf(name), { merge: true }).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as unknown;
  });
}

interface Manifest {
  kind: string;
  metadata: { name: string };
  spec: {
    serviceName?: string;
    selector?: { matchLabels?: Record<string, string> };
    template?: {
      metadata: { labels: Record<string, string> };
      spec: { containers: Container[]; volumes: Named[] };
    };
    volumeClaimTemplates?: { metadata: Named }[];
  };
}
interface Named {
  name: string;
}
interface Container {
  ports: (Named & { containerPort: number })[];
  livenessProbe: { httpGet: { path: string; port: string } };
  readinessProbe: { httpGet: { path: string; port: string } };
  env: (Named & { value?: string })[];
  volumeMounts: Named[];
}

describe('deploy files', () => {
  it('Kubernetes: probes, labels, services and volumes name what is there', () => {
    const manifests = documentsOf('kubernetes-peers.yaml') as Manifest[];
    const services = manifests.filter(({ kind }) => kind === 'Service').map(({ metadata }) => metadata.name);
    const sets = manifests.filter(({ kind }) => kind === 'StatefulSet');
    expect(sets).toHaveLength(2);
    for (const { spec } of sets) {
      expect(services).toContain(spec.serviceName);
      expect(spec.template!.metadata.labels).toEqual(spec.selector!.matchLabels);
      const [container] = spec.template!.spec.containers;
      const { livenessProbe, readinessProbe, ports, env, volumeMounts } = container!;
      expect([livenessProbe.httpGet.path, readinessProbe.httpGet.path]).toEqual(['/healthz', '/readyz']);
      const health = ports.find(({ name }) => name === livenessProbe.httpGet.port)!;
      const flags = env.find(({ name }) => name === 'GRAPEVINE_FLAGS')!.value!;
      const address = parseHealthAddress(/--health-port (\S+)/.exec(flags)![1]!);
      expect(address).toEqual({ host: '0.0.0.0', port: health.containerPort }); // a kubelet is not on loopback
      const volumes = [
        ...spec.template!.spec.volumes,
        ...spec.volumeClaimTemplates!.map(({ metadata }) => metadata),
      ];
      expect(volumeMounts.map(({ name }) => name).toSorted()).toEqual(
        volumes.map(({ name }) => name).toSorted(),
      );
    }
  });

  it('Kubernetes: a swarm as a job has as many pods as peers, names for them, and the same door as the others', () => {
    const job = (documentsOf('kubernetes-swarm-job.yaml') as Manifest[]).find(({ kind }) => kind === 'Job')!;
    const { completions, parallelism, template } = job.spec as unknown as Record<string, number> &
      Manifest['spec'];
    const { containers, subdomain } = template!.spec as { containers: Container[]; subdomain?: string };
    const [{ env, args, livenessProbe, readinessProbe, volumeMounts }] = containers as [
      Container & { args: string[] },
    ];
    expect([completions, parallelism]).toEqual([4, 4]);
    expect(env.find(({ name }) => name === 'PEERS')!.value).toBe('4');
    const services = (documentsOf('kubernetes-swarm-job.yaml') as Manifest[]).filter(
      ({ kind }) => kind === 'Service',
    );
    expect(services.map(({ metadata }) => metadata.name)).toEqual([subdomain]);
    expect(args[0]).toContain(`${job.metadata.name}-0.${subdomain}/tcp/4001`);
    expect([livenessProbe.httpGet.path, readinessProbe.httpGet.path]).toEqual(['/healthz', '/readyz']);
    expect(volumeMounts.map(({ name }) => name).toSorted()).toEqual(
      template!.spec.volumes.map(({ name }) => name).toSorted(),
    );
  });

  it('every way to run a peer gives it time to stop, a checkpoint, and a log for machines', () => {
    const unit = textOf('systemd/grapevine-peer@.service');
    expect(unit).toMatch(/^SuccessExitStatus=130$/m);
    expect(unit).toMatch(/^TimeoutStopSec=120$/m);
    for (const name of ['systemd/grapevine-peer@.service', 'Dockerfile'])
      for (const key of ['LOG_FORMAT=json', 'LOG_LEVEL=info', 'CHECKPOINT_EVERY=50'])
        expect(textOf(name)).toContain(`GRAPEVINE_${key}`);
    for (const name of ['kubernetes-peers.yaml', 'kubernetes-swarm-job.yaml'])
      expect(textOf(name)).toContain('terminationGracePeriodSeconds: 120');
    expect(textOf('compose.yaml')).toContain('stop_grace_period: 2m');
  });

  it('Compose: each peer has a volume of its own, and all wait for the founder', () => {
    const [compose] = documentsOf('compose.yaml') as [
      {
        services: Record<string, { volumes: string[]; image: string; depends_on?: object }>;
        volumes: object;
      },
    ];
    const data = Object.values(compose.services).map(
      ({ volumes }) => volumes.find((text) => text.endsWith(':/data'))!,
    );
    expect(new Set(data).size).toBe(Object.keys(compose.services).length);
    for (const name of data) expect(Object.keys(compose.volumes)).toContain(name.split(':')[0]);
    const waiting = Object.entries(compose.services).filter(([, { depends_on }]) => depends_on !== undefined);
    expect(waiting.map(([name]) => name)).toEqual(['peer-1', 'peer-2', 'peer-3']);
  });

  it('Ansible: the files that it copies are there', () => {
    const [plays] = documentsOf('ansible-peers.yaml') as [{ tasks: Record<string, { src?: string }>[] }[]];
    const sources = plays[0]!.tasks.flatMap((task) => task['ansible.builtin.copy']?.src ?? []);
    const ours = sources.filter((source) => !source.includes('{{'));
    expect(ours).toEqual(['start-peer.sh', 'systemd/grapevine-peer@.service']);
    for (const source of ours) expect(existsSync(join(deploy, source))).toBe(true);
  });

  it('Docker: the image runs without root and asks the path that exists', () => {
    const text = textOf('Dockerfile');
    expect(text).toMatch(/^USER node$/m);
    expect(text.indexOf('USER node')).toBeGreaterThan(text.lastIndexOf('RUN'));
    expect(text).toContain('/healthz');
    for (const [, source] of text.matchAll(/^COPY (?:--chmod=\d+ )?(deploy\/\S+)/gm))
      expect(existsSync(join(deploy, '..', source!))).toBe(true);
  });

  it('the start script gives the flags of the first start once', () => {
    const directory = mkdtempSync(join(tmpdir(), 'grapevine-start-'));
    writeFileSync(join(directory, 'grapevine'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
    const start = () =>
      spawnSync('sh', [join(deploy, 'start-peer.sh')], {
        encoding: 'utf8',
        env: {
          PATH: `${directory}:/usr/bin:/bin`,
          GRAPEVINE_RUN: directory,
          GRAPEVINE_FIRST: '--invite file',
          GRAPEVINE_FLAGS: '--health-port 9464',
        },
      }).stdout;
    expect(start()).toBe(`peer --out ${directory} --health-port 9464 --invite file\n`);
    writeFileSync(join(directory, 'swarm.json'), '{}');
    expect(start()).toBe(`peer --out ${directory} --health-port 9464\n`);
  });
});
