// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * In a guest: takes a function's MSI-X vectors step by step, as a slow driver would. The function must
 * have no driver. /sys/module/msix_probe/parameters/command takes
 *
 *   open DDDD:BB:DD.F [COUNT]   enables the function and MSI-X with COUNT vectors (all that there are); every
 *                               vector stays masked, as no one has requested its interrupt
 *   request N, free N           vector N's interrupt, called msix_probe-N in /proc/interrupts: unmasks, masks
 *   close                       all back: interrupts, MSI-X, the function
 *
 * and /sys/module/msix_probe/parameters/state tells the function, the number of vectors, and each requested
 * vector with the number of its interrupts.
 *
 * Built for 6.1 and newer.
 */
#include <linux/atomic.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/string.h>

#define MAX_VECTORS 2048

struct vector {
	bool requested;
	atomic_t count;
	char name[20];
};

static DEFINE_MUTEX(lock);
static struct pci_dev *taken;
static int vector_count;
static struct vector vectors[MAX_VECTORS];

static irqreturn_t counted(int irq, void *context)
{
	atomic_inc(&((struct vector *)context)->count);
	return IRQ_HANDLED;
}

static int free_vector(unsigned int index)
{
	if (!taken || index >= vector_count || !vectors[index].requested)
		return -EINVAL;
	free_irq(pci_irq_vector(taken, index), &vectors[index]);
	vectors[index].requested = false;
	return 0;
}

static int request_vector(unsigned int index)
{
	int error;

	if (!taken || index >= vector_count || vectors[index].requested)
		return -EINVAL;
	snprintf(vectors[index].name, sizeof(vectors[index].name), "msix_probe-%u", index);
	atomic_set(&vectors[index].count, 0);
	error = request_irq(pci_irq_vector(taken, index), counted, 0, vectors[index].name, &vectors[index]);
	vectors[index].requested = !error;
	return error;
}

static int close_function(void)
{
	unsigned int i;

	if (!taken)
		return -EINVAL;
	for (i = 0; i < vector_count; i++)
		free_vector(i);
	pci_free_irq_vectors(taken);
	pci_clear_master(taken);
	pci_disable_device(taken);
	pci_dev_put(taken);
	taken = NULL;
	vector_count = 0;
	return 0;
}

static int open_function(struct pci_dev *dev, int count)
{
	int error = pci_enable_device(dev);

	if (error)
		return error;
	pci_set_master(dev);
	error = pci_alloc_irq_vectors(dev, count, count, PCI_IRQ_MSIX);
	if (error < 0) {
		pci_clear_master(dev);
		pci_disable_device(dev);
		return error;
	}
	taken = dev;
	vector_count = error;
	return 0;
}

static int open_by_name(const char *text)
{
	unsigned int domain, bus, device, function;
	struct pci_dev *dev;
	int count = 0, there, error = -EINVAL;

	if (sscanf(text, "%x:%x:%x.%x %d", &domain, &bus, &device, &function, &count) < 4 || taken)
		return -EINVAL;
	dev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(device, function));
	if (!dev)
		return -ENODEV;
	there = pci_msix_vec_count(dev);
	if (count == 0)
		count = there;
	if (dev->driver)
		error = -EBUSY;
	else if (count > 0 && count <= there && count <= MAX_VECTORS)
		error = open_function(dev, count);
	if (error)
		pci_dev_put(dev);
	return error;
}

static int set_command(const char *text, const struct kernel_param *parameter)
{
	unsigned int index;
	int error = -EINVAL;

	mutex_lock(&lock);
	if (!strncmp(text, "open ", 5))
		error = open_by_name(text + 5);
	else if (sscanf(text, "request %u", &index) == 1)
		error = request_vector(index);
	else if (sscanf(text, "free %u", &index) == 1)
		error = free_vector(index);
	else if (sysfs_streq(text, "close"))
		error = close_function();
	mutex_unlock(&lock);
	return error;
}

static int get_state(char *buffer, const struct kernel_param *parameter)
{
	int length, i;

	mutex_lock(&lock);
	if (taken)
		length = scnprintf(buffer, PAGE_SIZE, "%s, %d vectors\n", pci_name(taken), vector_count);
	else
		length = scnprintf(buffer, PAGE_SIZE, "closed\n");
	for (i = 0; i < vector_count; i++)
		if (vectors[i].requested)
			length += scnprintf(buffer + length, PAGE_SIZE - length, "%d: %d\n", i,
					    atomic_read(&vectors[i].count));
	mutex_unlock(&lock);
	return length;
}

static const struct kernel_param_ops command_ops = { .set = set_command };
static const struct kernel_param_ops state_ops = { .get = get_state };
module_param_cb(command, &command_ops, NULL, 0200);
MODULE_PARM_DESC(command, "open FUNCTION [COUNT], request N, free N, close");
module_param_cb(state, &state_ops, NULL, 0400);
MODULE_PARM_DESC(state, "what is taken now");

static int __init msix_probe_init(void)
{
	return 0;
}

static void __exit msix_probe_exit(void)
{
	mutex_lock(&lock);
	close_function();
	mutex_unlock(&lock);
}
module_init(msix_probe_init);
module_exit(msix_probe_exit);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("Takes a PCI function's MSI-X vectors step by step");
