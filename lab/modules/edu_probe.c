// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * In a guest: lets QEMU's "edu" function raise interrupts, one after the other, and counts those that come.
 * The parameter way=intx|msi chooses how. /sys/module/edu_probe/parameters/result tells:
 *
 *   intx: 16 of 16, held back: 1       by INTx also once with Interrupt Disable set: 1 if nothing came
 *                                      before it was cleared, and one afterwards
 *
 * The registers are those of QEMU's docs/specs/edu.rst. Built for 6.1 and newer.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/pci.h>

#ifndef PCI_IRQ_INTX
#define PCI_IRQ_INTX PCI_IRQ_LEGACY
#endif
#define INTERRUPTS 16
#define STATUS 0x24
#define RAISE 0x60
#define ACKNOWLEDGE 0x64

static char *way = "msi";
module_param(way, charp, 0400);
static char result[80] = "nothing was tried";
module_param_string(result, result, sizeof(result), 0400);

static struct pci_dev *edu;
static void __iomem *registers;
static DECLARE_COMPLETION(arrived);

static irqreturn_t handler(int irq, void *context)
{
	u32 status = readl(registers + STATUS);

	if (!status)
		return IRQ_NONE;
	writel(status, registers + ACKNOWLEDGE);
	complete(&arrived);
	return IRQ_HANDLED;
}

static bool comes(void)
{
	return wait_for_completion_timeout(&arrived, 10 * HZ) != 0;
}

/*
 * Whether Interrupt Disable holds an interrupt back. Where functions share a pin, one of another function has the
 * handler look at this one as well, and it finds what is held back: then once more.
 */
static bool held_back(void)
{
	int tries = 10;

	while (tries-- > 0) {
		pci_intx(edu, 0);
		writel(1, registers + RAISE);
		msleep(100);
		if (!try_wait_for_completion(&arrived)) {
			pci_intx(edu, 1);
			return comes();
		}
		pci_intx(edu, 1);
	}
	return false;
}

static int raise_all(bool intx)
{
	int came = 0, i;

	for (i = 0; i < INTERRUPTS; i++) {
		writel(1u << i, registers + RAISE);
		came += comes();
	}
	snprintf(result, sizeof(result), "%s: %d of %d, held back: %d", way, came, INTERRUPTS, intx && held_back());
	return 0;
}

static int __init edu_probe_init(void)
{
	const bool intx = !strcmp(way, "intx");
	int error;

	edu = pci_get_device(0x1234, 0x11e8, NULL);
	if (!edu)
		return -ENODEV;
	error = pci_enable_device(edu);
	if (error)
		goto put;
	pci_set_master(edu);
	registers = pci_iomap(edu, 0, 0);
	error = registers ? pci_alloc_irq_vectors(edu, 1, 1, intx ? PCI_IRQ_INTX : PCI_IRQ_MSI) : -ENOMEM;
	if (error < 0)
		goto disable;
	error = request_irq(pci_irq_vector(edu, 0), handler, IRQF_SHARED, "edu_probe", edu);
	if (!error)
		return raise_all(intx);
	pci_free_irq_vectors(edu);
disable:
	if (registers)
		pci_iounmap(edu, registers);
	pci_disable_device(edu);
put:
	pci_dev_put(edu);
	return error;
}

static void __exit edu_probe_exit(void)
{
	free_irq(pci_irq_vector(edu, 0), edu);
	pci_free_irq_vectors(edu);
	pci_iounmap(edu, registers);
	pci_disable_device(edu);
	pci_dev_put(edu);
}
module_init(edu_probe_init);
module_exit(edu_probe_exit);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("Lets QEMU's edu function raise interrupts");
